package io.weir.ingest.load;

/**
 * How far a load has come.
 *
 * @param bytesRead of the input
 * @param sizeBytes of the input, or -1 if unknown
 * @param samplesRead parsed so far
 * @param samplesSent acknowledged by the receiver so far
 */
public record LoadProgress(long bytesRead, long sizeBytes, long samplesRead, long samplesSent) {
    /** The part of the input that is read, from 0 to 1; -1 if the size is unknown. */
    public double fraction() {
        return sizeBytes < 0 ? -1 : sizeBytes == 0 ? 1 : Math.min(1, (double) bytesRead / sizeBytes);
    }
}
