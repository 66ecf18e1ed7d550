package io.weir.promql.aggregate;

import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** The candidates of topk or bottomk, collected series by series: for each group and step the best k. */
public final class TopCandidates {
    private final int steps;
    private final int k;
    private final TopHeap heap;
    private final LongConsumer cells;
    private final List<Group> groups = new ArrayList<>();

    /** The heaps of a group: the one of a step starts at {@code step * capacity}. */
    private static final class Group {
        private int capacity;
        private int series;
        private double[] values = new double[0];
        private int[] ordinals = new int[0];
        private final int[] counts;

        private Group(int steps) {
            counts = new int[steps];
        }
    }

    /** Takes one candidate. */
    public interface Visitor {
        void visit(int seriesOrdinal, int step, double value);
    }

    /**
     * @param series labels by ordinal, which decide between equal values; may grow with the calls of {@link #add}
     * @param cells is told how many cells are about to be allocated, and may throw
     * @throws io.weir.promql.error.QueryException.Execution if k is NaN or no 64-bit integer
     */
    public TopCandidates(PartialAggregate aggregate, int steps, List<Labels> series, LongConsumer cells) {
        this.steps = steps;
        this.cells = cells;
        k = TopSelector.toK(aggregate.parameter());
        heap = new TopHeap(
                aggregate.operator() == AggregateOperator.TOPK,
                (left, right) -> series.get(left).compareTo(series.get(right)));
    }

    /** Offers a series; stale markers in the column stand for no sample. Groups are numbered from 0 without gaps. */
    public void add(int groupOrdinal, int seriesOrdinal, double[] column) {
        if (k < 1) {
            return;
        }
        if (groupOrdinal == groups.size()) {
            groups.add(new Group(steps));
        }
        Group group = groups.get(groupOrdinal);
        group.series++;
        if (group.series > group.capacity && group.capacity < k) {
            grow(group);
        }
        for (int step = 0; step < steps; step++) {
            if (!StaleMarker.is(column[step])) {
                group.counts[step] = heap.offer(
                        group.values,
                        group.ordinals,
                        step * group.capacity,
                        group.counts[step],
                        k,
                        column[step],
                        seriesOrdinal);
            }
        }
    }

    private void grow(Group group) {
        int capacity = (int) Math.min(k, Math.max(4L, group.capacity * 2L));
        cells.accept((long) (capacity - group.capacity) * steps);
        double[] values = new double[Math.multiplyExact(capacity, steps)];
        int[] ordinals = new int[values.length];
        for (int step = 0; step < steps; step++) {
            System.arraycopy(group.values, step * group.capacity, values, step * capacity, group.counts[step]);
            System.arraycopy(group.ordinals, step * group.capacity, ordinals, step * capacity, group.counts[step]);
        }
        group.values = values;
        group.ordinals = ordinals;
        group.capacity = capacity;
    }

    /** Visits all candidates, in no particular order. */
    public void forEach(Visitor visitor) {
        for (Group group : groups) {
            for (int step = 0; step < steps; step++) {
                int base = step * group.capacity;
                for (int i = base; i < base + group.counts[step]; i++) {
                    visitor.visit(group.ordinals[i], step, group.values[i]);
                }
            }
        }
    }
}
