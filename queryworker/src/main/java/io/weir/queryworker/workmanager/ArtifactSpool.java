package io.weir.queryworker.workmanager;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Where finished artifacts wait to be fetched. Thread-safe. Deletes by ACK and TTL; evicts under disk pressure. */
public interface ArtifactSpool {
    /**
     * A fresh target to write an artifact to, room for {@code expectedBytes} made; it is asked for more as it grows.
     *
     * @param givenUp ends a wait for room
     */
    ArtifactTarget reserve(String workId, int attempt, long expectedBytes, BooleanSupplier givenUp) throws IOException;

    /** The file at the reserved path is complete: serve it. Returns the URL it can be fetched from by the owning API only. */
    String publish(String workId, int attempt, String apiId, Path file, ArtifactMeta meta);

    /** The API has it: delete after the grace period. */
    void acknowledge(String workId, int attempt);

    /** Delete now, published or only reserved; no error if there is none. */
    void discard(String workId, int attempt);

    /** Told when an artifact that was not acknowledged is evicted or expires. */
    interface LossListener {
        void artifactLost(String workId, int attempt, String reason);
    }

    void setLossListener(LossListener listener);
}
