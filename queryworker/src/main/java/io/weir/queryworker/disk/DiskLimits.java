package io.weir.queryworker.disk;

/**
 * Bounds of a worker's disk use.
 *
 * @param totalBytesMax artifacts and cached segments together never take more
 * @param highWatermarkBytes passing it starts eviction
 * @param lowWatermarkBytes eviction of what costs no work goes on down to here
 * @param artifactFloorBytes cached segments leave at least so much below the high watermark to artifacts
 */
public record DiskLimits(long totalBytesMax, long highWatermarkBytes, long lowWatermarkBytes, long artifactFloorBytes) {
    public DiskLimits {
        if (artifactFloorBytes < 0
                || artifactFloorBytes >= lowWatermarkBytes
                || lowWatermarkBytes > highWatermarkBytes
                || highWatermarkBytes > totalBytesMax) {
            throw new IllegalArgumentException("disk limits must be ordered 0 <= artifact floor (" + artifactFloorBytes
                    + ") < low watermark (" + lowWatermarkBytes + ") <= high watermark (" + highWatermarkBytes
                    + ") <= total (" + totalBytesMax + ")");
        }
    }

    /** The usual proportions: high watermark 90 %, low 75 %, artifact floor 25 % of the total. */
    public static DiskLimits ofTotal(long totalBytesMax) {
        return new DiskLimits(totalBytesMax, totalBytesMax / 10 * 9, totalBytesMax / 4 * 3, totalBytesMax / 4);
    }
}
