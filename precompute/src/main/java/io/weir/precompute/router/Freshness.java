package io.weir.precompute.router;

import io.weir.precompute.job.Job;
import io.weir.precompute.result.TickResult;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which tick answers for which time: the newest one that is not after it and less than a granularity before it. The newest tick of all answers a
 * while longer, for as long as its successor takes at most to be there.
 *
 * @param graceMillis how long after its time the result of a job's tick may come
 */
record Freshness(ToLongFunction<Job> graceMillis) {
    /**
     * The tick for a time; null if none fits.
     *
     * @param ticks of the job, ascending by time
     */
    @Nullable
    TickResult at(Job job, List<TickResult> ticks, long timeMillis) {
        int index = indexAt(ticks, timeMillis);
        if (index < 0) {
            return null;
        }
        TickResult tick = ticks.get(index);
        long age = timeMillis - tick.evalMillis();
        long granularity = job.spec().granularityMillis();
        boolean newest = index == ticks.size() - 1;
        return age < granularity || (newest && age - granularity < graceMillis.applyAsLong(job)) ? tick : null;
    }

    /** The last tick that is not after a time; -1 if there is none. */
    private static int indexAt(List<TickResult> ticks, long timeMillis) {
        int from = 0;
        int to = ticks.size();
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (ticks.get(middle).evalMillis() <= timeMillis) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from - 1;
    }
}
