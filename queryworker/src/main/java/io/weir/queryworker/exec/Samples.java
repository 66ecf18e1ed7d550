package io.weir.queryworker.exec;

import io.weir.promql.series.SampleBuffer;
import java.util.Arrays;

/** Cuts and merges runs of samples. */
final class Samples {
    private Samples() {}

    /** Drops the samples at or before the time. */
    static void dropUntil(SampleBuffer samples, long timeMillis) {
        int size = samples.size();
        if (size == 0 || samples.timestamps()[0] > timeMillis) {
            return;
        }
        int keep = firstAfter(samples, timeMillis);
        System.arraycopy(samples.timestamps(), keep, samples.timestamps(), 0, size - keep);
        System.arraycopy(samples.values(), keep, samples.values(), 0, size - keep);
        samples.setSize(size - keep);
    }

    /** Drops the samples after the time. */
    static void dropAfter(SampleBuffer samples, long timeMillis) {
        int size = samples.size();
        if (size > 0 && samples.timestamps()[size - 1] > timeMillis) {
            samples.setSize(firstAfter(samples, timeMillis));
        }
    }

    private static int firstAfter(SampleBuffer samples, long timeMillis) {
        int found = Arrays.binarySearch(samples.timestamps(), 0, samples.size(), timeMillis);
        return found >= 0 ? found + 1 : -found - 1;
    }

    /**
     * Merges two ascending runs; where both have a sample at a time, the one of {@code strong} stays. This is the rule of compaction too
     * (lake's SegmentMerger): the segment with the greater id wins.
     */
    static void merge(SampleBuffer weak, SampleBuffer strong, SampleBuffer into) {
        into.clear();
        into.ensureCapacity(weak.size() + strong.size());
        long[] weakTimes = weak.timestamps();
        long[] strongTimes = strong.timestamps();
        int w = 0;
        int s = 0;
        while (w < weak.size() && s < strong.size()) {
            if (weakTimes[w] < strongTimes[s]) {
                into.add(weakTimes[w], weak.values()[w]);
                w++;
            } else {
                w += weakTimes[w] == strongTimes[s] ? 1 : 0;
                into.add(strongTimes[s], strong.values()[s]);
                s++;
            }
        }
        append(weak, w, into);
        append(strong, s, into);
    }

    private static void append(SampleBuffer from, int position, SampleBuffer into) {
        int length = from.size() - position;
        int size = into.size();
        System.arraycopy(from.timestamps(), position, into.timestamps(), size, length);
        System.arraycopy(from.values(), position, into.values(), size, length);
        into.setSize(size + length);
    }
}
