package io.weir.ingest.compaction;

/**
 * When and how segments are merged.
 *
 * @param enabled whether this process plans and runs compactions
 * @param intervalMillis time between looks at the catalog and the queue
 * @param segmentsMin segments of one tenant, day and level that are worth a merge
 * @param segmentsMax segments merged at one time
 * @param inputBytesMax bytes downloaded for one merge; bounds the disk it needs together with the output
 * @param segmentBytesMax a segment of this size is not merged again
 * @param groupsMax groups planned at one look
 * @param candidatesMax segments of one group that are looked at
 * @param leaseMillis how long a claimed job may stay silent before another process takes it
 * @param graceMillis how long replaced segments stay in the store for queries that still read them
 * @param garbageMax objects deleted at one look
 */
public record CompactionSettings(
        boolean enabled,
        long intervalMillis,
        int segmentsMin,
        int segmentsMax,
        long inputBytesMax,
        long segmentBytesMax,
        int groupsMax,
        int candidatesMax,
        long leaseMillis,
        long graceMillis,
        int garbageMax) {
    public CompactionSettings {
        if (segmentsMin < 2 || segmentsMax < segmentsMin || groupsMax <= 0 || candidatesMax < segmentsMax) {
            throw new IllegalArgumentException(
                    "need 2 <= segmentsMin <= segmentsMax <= candidatesMax and groupsMax > 0");
        }
        if (intervalMillis <= 0 || leaseMillis <= 0 || graceMillis < 0 || garbageMax <= 0) {
            throw new IllegalArgumentException("compaction times and limits must be positive");
        }
        if (inputBytesMax <= 0 || segmentBytesMax <= 0) {
            throw new IllegalArgumentException("compaction sizes must be positive");
        }
    }

    public static CompactionSettings defaults() {
        return new CompactionSettings(
                true, 5_000, 6, 64, 2L << 30, 512L << 20, 1_000, 10_000, 60_000, 10 * 60_000, 1_000);
    }

    public CompactionSettings withEnabled(boolean value) {
        return new CompactionSettings(
                value,
                intervalMillis,
                segmentsMin,
                segmentsMax,
                inputBytesMax,
                segmentBytesMax,
                groupsMax,
                candidatesMax,
                leaseMillis,
                graceMillis,
                garbageMax);
    }

    public CompactionSettings withSegments(int minimum, int maximum) {
        return new CompactionSettings(
                enabled,
                intervalMillis,
                minimum,
                maximum,
                inputBytesMax,
                segmentBytesMax,
                groupsMax,
                candidatesMax,
                leaseMillis,
                graceMillis,
                garbageMax);
    }

    public CompactionSettings withTimes(long interval, long grace) {
        return new CompactionSettings(
                enabled,
                interval,
                segmentsMin,
                segmentsMax,
                inputBytesMax,
                segmentBytesMax,
                groupsMax,
                candidatesMax,
                leaseMillis,
                grace,
                garbageMax);
    }
}
