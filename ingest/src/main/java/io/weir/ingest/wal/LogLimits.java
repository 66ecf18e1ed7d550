package io.weir.ingest.wal;

/**
 * Limits of the write-ahead log.
 *
 * @param bytesMax bytes in log files that are not yet in segments, at which writes are refused
 * @param fileBytesMax size at which the next file is started
 * @param groupBytesMax size at which a group of requests is written without waiting for more requests
 */
public record LogLimits(long bytesMax, long fileBytesMax, int groupBytesMax) {
    public LogLimits {
        if (bytesMax <= 0 || fileBytesMax <= 0 || groupBytesMax <= 0) {
            throw new IllegalArgumentException(
                    "limits of the log must be positive: " + bytesMax + ", " + fileBytesMax + ", " + groupBytesMax);
        }
    }

    public static LogLimits defaults() {
        return new LogLimits(4L << 30, 128L << 20, 4 << 20);
    }
}
