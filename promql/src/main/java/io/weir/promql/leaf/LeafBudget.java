package io.weir.promql.leaf;

import io.weir.promql.error.QueryException;

/** Counts what a leaf reads and holds against its limits. */
final class LeafBudget {
    private final LeafLimits limits;
    private long samples;
    private long cells;

    LeafBudget(LeafLimits limits) {
        this.limits = limits;
    }

    void takeSamples(long count) {
        samples += count;
        if (samples > limits.samplesMax()) {
            throw new QueryException.LimitExceeded("the query reads more than " + limits.samplesMax()
                    + " samples in one work unit (settings query-samples-max, worker-executor-samples-max);"
                    + " select fewer series or a shorter time range");
        }
    }

    void takeCells(long count) {
        cells += count;
        if (cells > limits.resultCellsMax()) {
            throw new QueryException.LimitExceeded("the query holds more than " + limits.resultCellsMax()
                    + " values (series times steps) in one work unit (setting worker-executor-result-cells-max);"
                    + " select fewer series, a shorter time range or a longer step");
        }
    }
}
