package io.weir.queryworker.artifact;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.Folders;
import io.weir.queryworker.workmanager.ArtifactSpool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The artifacts of this worker, as files in one folder that belongs to it. Nothing in it survives a restart: what lies there at the start is
 * deleted, since the API processes run such work again anyway.
 */
public final class FileArtifactSpool implements ArtifactSpool, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(FileArtifactSpool.class);
    private static final LossListener NOBODY = (workId, attempt, reason) -> {};

    private record Key(String workId, int attempt) {
        String budgetId() {
            return attempt + "/" + workId;
        }

        static Key ofBudgetId(String id) {
            int slash = id.indexOf('/');
            return new Key(id.substring(slash + 1), Integer.parseInt(id.substring(0, slash)));
        }
    }

    private static final class Artifact {
        final Path file;
        long reservedBytes;

        @Nullable
        ArtifactMeta meta;

        String apiId = "";
        boolean acknowledged;
        long deleteAtMillis = Long.MAX_VALUE;

        Artifact(Path file) {
            this.file = file;
        }
    }

    private record Deletion(Key key, Path file, boolean lost) {}

    /** What a request for an artifact finds. */
    sealed interface Lookup {
        /** The artifact, open and pinned until it is closed. */
        record Found(FileChannel channel, ArtifactMeta meta, Runnable release) implements Lookup, AutoCloseable {
            @Override
            public void close() throws IOException {
                try {
                    channel.close();
                } finally {
                    release.run();
                }
            }
        }

        /** The token is not one this incarnation gave for it. */
        record Forbidden() implements Lookup {}

        /** It was there, and has been deleted, expired or evicted. */
        record Gone() implements Lookup {}

        /** Not known here. */
        record Unknown() implements Lookup {}
    }

    private final Path folder;
    private final DiskBudget budget;
    private final ArtifactSigner signer;
    private final SpoolSettings settings;
    private final LongSupplier clockMillis;
    private final Counter unfetchedCleanups;
    private final Counter acknowledgedCleanups;
    private final ScheduledExecutorService sweeper;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Key, Artifact> artifacts = new LinkedHashMap<>();
    private long fileSequence;
    private volatile String baseUrl = "";
    private volatile LossListener listener = NOBODY;

    /** Opens the spool and empties its folder, which must belong to this worker alone. */
    public FileArtifactSpool(
            Path folder,
            DiskBudget budget,
            ArtifactSigner signer,
            SpoolSettings settings,
            LongSupplier clockMillis,
            MeterRegistry registry)
            throws IOException {
        this.folder = folder;
        this.budget = budget;
        this.signer = signer;
        this.settings = settings;
        this.clockMillis = clockMillis;
        this.unfetchedCleanups = cleanups(registry, "unacknowledged");
        this.acknowledgedCleanups = cleanups(registry, "acknowledged");
        Gauge.builder("weir_artifact_spool_bytes", budget, DiskBudget::artifactBytes)
                .description("Bytes of artifacts in the spool")
                .baseUnit("bytes")
                .register(registry);
        Files.createDirectories(folder);
        Folders.empty(folder);
        budget.setArtifactEvictor((id, lost) -> evicted(Key.ofBudgetId(id), lost));
        sweeper = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("artifact-sweeper").factory());
        sweeper.scheduleWithFixedDelay(
                this::sweepSafely,
                settings.sweepIntervalMillis(),
                settings.sweepIntervalMillis(),
                TimeUnit.MILLISECONDS);
    }

    private static Counter cleanups(MeterRegistry registry, String kind) {
        return Counter.builder("weir_artifact_ttl_cleanup_total")
                .description("Artifacts deleted at the end of their time, fetched and acknowledged or not")
                .tag("kind", kind)
                .register(registry);
    }

    /** Where the artifacts are served: {@code http://host:port}. To be set before the first artifact is published. */
    public void setBaseUrl(String url) {
        baseUrl = url;
    }

    @Override
    public void setLossListener(LossListener newListener) {
        listener = newListener;
    }

    @Override
    public ArtifactTarget reserve(String workId, int attempt, long expectedBytes, BooleanSupplier givenUp)
            throws IOException {
        Key key = new Key(workId, attempt);
        Artifact artifact;
        lock.lock();
        try {
            if (artifacts.containsKey(key)) {
                throw new IOException(
                        "artifact of work " + workId + " attempt " + attempt + " is in the spool already");
            }
            if (artifacts.size() >= settings.artifactsMax()) {
                throw new IOException("the spool holds " + artifacts.size()
                        + " artifacts, its limit (setting worker-spool-artifacts-max)");
            }
            artifact = new Artifact(folder.resolve(fileSequence++ + ".parquet"));
            artifact.reservedBytes = expectedBytes;
            artifacts.put(key, artifact);
        } finally {
            lock.unlock();
        }
        boolean admitted = false;
        try {
            // Outside the lock: eviction calls back.
            budget.admitArtifact(key.budgetId(), expectedBytes, givenUp);
            admitted = true;
        } finally {
            if (!admitted) {
                take(key);
            }
        }
        Artifact reserved = artifact;
        return new ArtifactTarget(
                artifact.file, Long.MAX_VALUE, totalBytes -> grow(key, reserved, totalBytes, givenUp));
    }

    /** Called by the one thread that writes the artifact. */
    private void grow(Key key, Artifact artifact, long totalBytes, BooleanSupplier givenUp) throws IOException {
        if (totalBytes > artifact.reservedBytes) {
            budget.growArtifact(key.budgetId(), totalBytes, givenUp);
            artifact.reservedBytes = totalBytes;
        }
    }

    private @Nullable Artifact take(Key key) {
        lock.lock();
        try {
            return artifacts.remove(key);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String publish(String workId, int attempt, String apiId, Path file, ArtifactMeta meta) {
        Key key = new Key(workId, attempt);
        long expiresAtMillis = clockMillis.getAsLong() + settings.artifactTtlMillis();
        lock.lock();
        try {
            Artifact artifact = artifacts.get(key);
            if (artifact == null || !artifact.file.equals(file) || artifact.meta != null) {
                throw new IllegalStateException(
                        "work " + workId + " attempt " + attempt + " has no reservation for " + file);
            }
            artifact.meta = meta;
            artifact.apiId = apiId;
            artifact.deleteAtMillis = expiresAtMillis;
            budget.publishArtifact(key.budgetId(), meta.sizeBytes(), expiresAtMillis);
        } finally {
            lock.unlock();
        }
        // An acknowledged artifact may be fetched again in its grace period.
        long urlExpiresAtMillis = expiresAtMillis + settings.artifactTtlAfterAckMillis();
        return baseUrl + "/api/v1/artifacts/" + encode(workId) + "?attempt=" + attempt + "&api=" + encode(apiId)
                + "&expires=" + urlExpiresAtMillis + "&token="
                + signer.sign(workId, attempt, apiId, urlExpiresAtMillis);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    @Override
    public void acknowledge(String workId, int attempt) {
        Key key = new Key(workId, attempt);
        lock.lock();
        try {
            Artifact artifact = artifacts.get(key);
            if (artifact != null && artifact.meta != null && !artifact.acknowledged) {
                artifact.acknowledged = true;
                artifact.deleteAtMillis = clockMillis.getAsLong() + settings.artifactTtlAfterAckMillis();
                budget.acknowledgeArtifact(key.budgetId());
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void discard(String workId, int attempt) {
        Key key = new Key(workId, attempt);
        Artifact artifact = take(key);
        if (artifact != null) {
            delete(artifact.file);
            budget.removeArtifact(key.budgetId());
        }
    }

    /** Artifacts that are published and not acknowledged: a draining worker waits for these. */
    public int unacknowledgedCount() {
        lock.lock();
        try {
            int count = 0;
            for (Artifact artifact : artifacts.values()) {
                count += artifact.meta != null && !artifact.acknowledged ? 1 : 0;
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** All artifacts, reserved ones included. */
    public int count() {
        lock.lock();
        try {
            return artifacts.size();
        } finally {
            lock.unlock();
        }
    }

    private void evicted(Key key, boolean lost) {
        Artifact artifact = take(key);
        if (artifact == null) {
            return;
        }
        delete(artifact.file);
        if (lost) {
            // Whoever listens knows the query too, and logs it.
            listener.artifactLost(key.workId, key.attempt, "evicted: the worker's disk is full");
        }
    }

    private void sweepSafely() {
        try {
            sweep();
        } catch (RuntimeException e) {
            // The schedule would end with the first exception.
            LOGGER.error("sweeping the artifact spool failed", e);
        }
    }

    /** Deletes what has reached the end of its time. */
    void sweep() {
        long nowMillis = clockMillis.getAsLong();
        List<Deletion> deletions = new ArrayList<>();
        lock.lock();
        try {
            artifacts.entrySet().removeIf(entry -> {
                Artifact artifact = entry.getValue();
                // One that is being sent goes when that has ended.
                if (artifact.deleteAtMillis > nowMillis
                        || !budget.removeIdleArtifact(entry.getKey().budgetId())) {
                    return false;
                }
                deletions.add(new Deletion(entry.getKey(), artifact.file, !artifact.acknowledged));
                return true;
            });
        } finally {
            lock.unlock();
        }
        for (Deletion deletion : deletions) {
            delete(deletion.file);
            (deletion.lost ? unfetchedCleanups : acknowledgedCleanups).increment();
            if (deletion.lost) {
                listener.artifactLost(
                        deletion.key.workId,
                        deletion.key.attempt,
                        "not fetched within artifact_ttl = " + settings.artifactTtlMillis() + " ms");
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("deleting artifact " + file.getFileName(), e);
        }
    }

    /** Looks an artifact up for a request with these parameters. */
    Lookup open(String workId, int attempt, String apiId, long expiresAtMillis, String token) throws IOException {
        Key key = new Key(workId, attempt);
        boolean valid = signer.verify(workId, attempt, apiId, expiresAtMillis, token);
        lock.lock();
        try {
            Artifact artifact = artifacts.get(key);
            ArtifactMeta meta = artifact == null ? null : artifact.meta;
            if (artifact == null || meta == null) {
                return valid ? new Lookup.Gone() : new Lookup.Unknown();
            }
            if (!valid || !artifact.apiId.equals(apiId)) {
                return new Lookup.Forbidden();
            }
            long nowMillis = clockMillis.getAsLong();
            if (expiresAtMillis <= nowMillis
                    || artifact.deleteAtMillis <= nowMillis
                    || !budget.pinArtifact(key.budgetId())) {
                return new Lookup.Gone();
            }
            boolean opened = false;
            try {
                FileChannel channel = FileChannel.open(artifact.file, StandardOpenOption.READ);
                opened = true;
                return new Lookup.Found(channel, meta, () -> budget.unpinArtifact(key.budgetId()));
            } finally {
                if (!opened) {
                    budget.unpinArtifact(key.budgetId());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Stops the sweeper. The files stay until the next start. */
    @Override
    public void close() {
        sweeper.shutdownNow();
    }
}
