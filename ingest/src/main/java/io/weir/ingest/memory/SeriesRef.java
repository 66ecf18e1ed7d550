package io.weir.ingest.memory;

import io.weir.lake.segment.SeriesKey;
import io.weir.promql.labels.Labels;
import org.jspecify.annotations.Nullable;

/**
 * One series of one tenant, interned by {@link SeriesRegistry}: the handle that decoded samples carry instead of labels.
 *
 * <p>Tenant and labels are immutable. The segment key belongs to the flush thread, everything else to
 * the commit thread.
 */
public final class SeriesRef {
    private final String tenant;
    private final Labels labels;

    private long logFile = -1;
    private int logId;
    private @Nullable HeadSeries head;
    private long lastGeneration;
    private boolean retired;

    private @Nullable SeriesKey segmentKey;

    SeriesRef(String tenant, Labels labels) {
        this.tenant = tenant;
        this.labels = labels;
    }

    public String tenant() {
        return tenant;
    }

    public Labels labels() {
        return labels;
    }

    /** The place of this series in segments, computed once. Only for the thread that flushes. */
    SeriesKey segmentKey() {
        SeriesKey key = segmentKey;
        if (key == null) {
            key = SeriesKey.of(labels);
            segmentKey = key;
        }
        return key;
    }

    /** The number of this series in a log file, or -1 if the file does not define it yet. */
    public int logId(long file) {
        return logFile == file ? logId : -1;
    }

    /** Notes that a log file defines this series under the given number. */
    public void defineInLog(long file, int id) {
        logFile = file;
        logId = id;
    }

    @Nullable
    HeadSeries head() {
        return head;
    }

    void setHead(HeadSeries head, long generation) {
        this.head = head;
        lastGeneration = generation;
    }

    void touch(long generation) {
        lastGeneration = Math.max(lastGeneration, generation);
    }

    /** Lets go of the column of a closed generation, whose samples would stay in memory as long as the series. */
    void releaseHead() {
        head = null;
    }

    /** The last generation of the head that holds a sample of this series. */
    long lastGeneration() {
        return lastGeneration;
    }

    /** Whether the registry has forgotten this series; its samples go to the current handle of the same labels. */
    boolean isRetired() {
        return retired;
    }

    void retire() {
        retired = true;
        head = null;
    }
}
