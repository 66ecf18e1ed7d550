package io.weir.lake.artifact;

/**
 * What a {@code WorkReady} message says about an artifact.
 *
 * @param checksum lower-case hexadecimal SHA-256 of the file
 * @param minTimestampMillis earliest step in it, or 0 without rows
 * @param maxTimestampMillis latest step in it, or 0 without rows
 */
public record ArtifactMeta(
        long sizeBytes,
        String checksum,
        long rowCount,
        long minTimestampMillis,
        long maxTimestampMillis,
        int schemaVersion) {}
