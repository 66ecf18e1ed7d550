package io.weir.promql.exec;

import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Where the elements of a vector go when their labels change: two series may become one, as long as they are not present at
 * the same step (Prometheus 3.14, promql/engine.go, rangeEval).
 *
 * @param output the label sets of the result
 * @param target for each input series the ordinal of its output series
 * @param shared whether some output series has several inputs
 * @param dropsName which output series lose their name at the end of the query
 */
record LabelMapping(List<Labels> output, int[] target, boolean shared, BitSet dropsName) {
    static final String DUPLICATE = "vector cannot contain metrics with the same labelset";

    static LabelMapping of(List<Labels> changed, BitSet inputDrops) {
        Map<Labels, Integer> ordinals = new HashMap<>();
        List<Labels> output = new ArrayList<>();
        BitSet drops = new BitSet();
        int[] target = new int[changed.size()];
        for (int i = 0; i < target.length; i++) {
            Integer known = ordinals.putIfAbsent(changed.get(i), output.size());
            target[i] = known == null ? output.size() : known;
            if (known == null) {
                output.add(changed.get(i));
            }
            if (inputDrops.get(i)) {
                drops.set(target[i]);
            }
        }
        return new LabelMapping(output, target, output.size() < target.length, drops);
    }

    /** A mapping that changes each series' labels and keeps what is known about its name. */
    static LabelMapping changing(VectorOperator input, UnaryOperator<Labels> change) {
        return of(input.series().stream().map(change).toList(), input.dropsName());
    }

    /** A mapping of an operator that drops metric names: now, or at the end of the query. */
    static LabelMapping droppingName(VectorOperator input, boolean delayed) {
        if (!delayed) {
            return changing(input, NameRules::dropName);
        }
        BitSet all = new BitSet();
        all.set(0, input.series().size());
        return of(input.series(), all);
    }

    static LabelMapping keeping(VectorOperator input) {
        return changing(input, labels -> labels);
    }

    /** Moves the values to where they belong; {@code out} is reset by this method. */
    void scatter(StepVector in, StepVector out) {
        out.reset(output.size());
        double[] from = in.values();
        double[] to = out.values();
        for (int i = 0; i < target.length; i++) {
            if (in.isPresent(i)) {
                if (shared && out.isPresent(target[i])) {
                    throw new QueryException.Execution(DUPLICATE);
                }
                to[target[i]] = from[i];
            }
        }
    }

    /** Whether ordinals stay what they are. */
    boolean isIdentity() {
        return !shared;
    }
}
