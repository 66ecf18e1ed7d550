package io.weir.promql.testlang;

import io.weir.promql.error.QueryException;
import java.util.List;
import java.util.Set;

/**
 * An engine under test. It must run with every experimental feature of the language, delayed name removal, a lookback of 5 min
 * and a default resolution of subqueries of 1 min.
 */
public interface TestEngine {
    /** What an engine may not be able to do yet. */
    enum Need {
        NATIVE_HISTOGRAMS,
        START_TIMESTAMPS
    }

    /** What it can do; evals that need more are counted, not judged. */
    Set<Need> supported();

    /** Forgets all data. */
    void clear();

    /**
     * Adds samples. Of a series with histograms in it, an engine without them takes the floats.
     *
     * @param withCustomBuckets whether the native histograms with custom buckets that the classic histograms stand for are
     *     wanted as well
     */
    void load(List<TestSeries> series, boolean withCustomBuckets);

    /**
     * Evaluates an instant query.
     *
     * @throws QueryException if the query fails; {@link QueryException.Unsupported} if it asks for what is not there yet
     */
    TestResult instant(String expression, long timeMillis);

    /**
     * Evaluates a range query.
     *
     * @throws QueryException as for {@link #instant}
     */
    TestResult range(String expression, long startMillis, long endMillis, long stepMillis);
}
