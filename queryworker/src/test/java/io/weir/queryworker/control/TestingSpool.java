package io.weir.queryworker.control;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.queryworker.workmanager.ArtifactSpool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A spool that only keeps books. */
final class TestingSpool implements ArtifactSpool {
    final Map<String, String> published = new ConcurrentHashMap<>();
    final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    final Set<String> discarded = ConcurrentHashMap.newKeySet();
    volatile boolean full;
    private volatile @Nullable LossListener listener;

    @Override
    public ArtifactTarget reserve(String workId, int attempt, long expectedBytes, BooleanSupplier givenUp)
            throws IOException {
        if (full) {
            throw new IOException("disk full");
        }
        return ArtifactTarget.of(Path.of("target", workId + "-" + attempt), Long.MAX_VALUE);
    }

    @Override
    public String publish(String workId, int attempt, String apiId, Path file, ArtifactMeta meta) {
        published.put(workId, apiId);
        return "http://spool/" + workId;
    }

    @Override
    public void acknowledge(String workId, int attempt) {
        acknowledged.add(workId);
    }

    @Override
    public void discard(String workId, int attempt) {
        discarded.add(workId);
    }

    @Override
    public void setLossListener(LossListener newListener) {
        listener = newListener;
    }

    void lose(String workId) {
        LossListener known = listener;
        if (known != null) {
            known.artifactLost(workId, 1, "evicted");
        }
    }
}
