package io.weir.queryworker.disk;

/**
 * Bounds of a worker's disk use.
 *
 * @param totalBytesMax artifacts and cached segments together never take more
 * @param highWatermarkBytes passing it starts eviction; 0 for nine tenths of the total
 * @param lowWatermarkBytes eviction of what costs no work goes on down to here; 0 for three quarters of the total
 * @param artifactFloorBytes cached segments leave at least so much below the high watermark to artifacts; 0 for a quarter of the total
 * @param fileSystemFreeBytesMin bytes that are left to others on the file system, whatever the budget allows
 * @param roomWaitMillisMax longest wait for room, before artifacts that nobody has fetched are evicted and before a request is refused
 * @param checkIntervalMillis time between looks at the file system; a full one stops the worker from taking work
 */
public record DiskLimits(
        long totalBytesMax,
        long highWatermarkBytes,
        long lowWatermarkBytes,
        long artifactFloorBytes,
        long fileSystemFreeBytesMin,
        long roomWaitMillisMax,
        long checkIntervalMillis) {
    private static final long FILE_SYSTEM_FREE_BYTES = 128L << 20;
    private static final long ROOM_WAIT_MILLIS = 2_000;
    private static final long CHECK_INTERVAL_MILLIS = 500;

    public DiskLimits {
        if (totalBytesMax <= 0
                || highWatermarkBytes < 0
                || lowWatermarkBytes < 0
                || artifactFloorBytes < 0
                || fileSystemFreeBytesMin < 0
                || roomWaitMillisMax < 0
                || checkIntervalMillis <= 0) {
            throw new IllegalArgumentException("the disk's total and check interval must be positive, its other limits"
                    + " not negative: total " + totalBytesMax + ", high watermark " + highWatermarkBytes
                    + ", low watermark " + lowWatermarkBytes + ", artifact floor " + artifactFloorBytes
                    + ", free on the file system " + fileSystemFreeBytesMin + ", wait " + roomWaitMillisMax
                    + " ms, check interval " + checkIntervalMillis + " ms");
        }
        long high = high(totalBytesMax, highWatermarkBytes);
        long low = low(totalBytesMax, lowWatermarkBytes);
        long floor = floor(totalBytesMax, artifactFloorBytes);
        if (floor >= low || low > high || high > totalBytesMax) {
            throw new IllegalArgumentException("disk limits must be ordered 0 <= artifact floor (" + floor
                    + ") < low watermark (" + low + ") <= high watermark (" + high + ") <= total (" + totalBytesMax
                    + ")");
        }
    }

    /** The usual proportions of a total, and the usual times. */
    public static DiskLimits ofTotal(long totalBytesMax) {
        return new DiskLimits(totalBytesMax, 0, 0, 0, FILE_SYSTEM_FREE_BYTES, ROOM_WAIT_MILLIS, CHECK_INTERVAL_MILLIS);
    }

    private static long high(long total, long given) {
        return given > 0 ? given : total / 10 * 9;
    }

    private static long low(long total, long given) {
        return given > 0 ? given : total / 4 * 3;
    }

    private static long floor(long total, long given) {
        return given > 0 ? given : total / 4;
    }

    /** The high watermark, given or in proportion. */
    long high() {
        return high(totalBytesMax, highWatermarkBytes);
    }

    /** The low watermark, given or in proportion. */
    long low() {
        return low(totalBytesMax, lowWatermarkBytes);
    }

    /** The artifacts' floor, given or in proportion. */
    long floor() {
        return floor(totalBytesMax, artifactFloorBytes);
    }
}
