package io.weir.lake.artifact;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Where an artifact is written, and who is asked for room while it grows.
 *
 * @param file does not exist yet
 * @param bytesMax the largest file; one more byte is the query's failure
 * @param room asked before the file grows
 */
public record ArtifactTarget(Path file, long bytesMax, Room room) {
    /** Whoever bounds the disk. */
    @FunctionalInterface
    public interface Room {
        /**
         * Returns when the file may have so many bytes in all.
         *
         * @throws IOException if there is no room; the artifact is given up
         */
        void require(long totalBytes) throws IOException;
    }

    /** A target whose growth only its limit bounds. */
    public static ArtifactTarget of(Path file, long bytesMax) {
        return new ArtifactTarget(file, bytesMax, totalBytes -> {});
    }

    /** The same target with the smaller of both limits. */
    public ArtifactTarget withBytesMax(long limit) {
        return new ArtifactTarget(file, Math.min(bytesMax, limit), room);
    }
}
