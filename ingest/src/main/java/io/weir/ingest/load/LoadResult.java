package io.weir.ingest.load;

/**
 * What a finished load did.
 *
 * @param bytesRead of the input
 * @param lines of the input
 * @param samplesSent acknowledged by the receiver
 * @param metadataSent families whose type, help or unit was sent
 * @param requests acknowledged by the receiver
 */
public record LoadResult(long bytesRead, long lines, long samplesSent, long metadataSent, long requests) {}
