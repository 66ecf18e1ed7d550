package io.weir.promql.exec;

import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.VectorMatching;
import io.weir.promql.ast.VectorMatching.Cardinality;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.BinaryArithmetic;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Arithmetic or comparison of two vectors, element by element (Prometheus 3.14, promql/engine.go, VectorBinop).
 *
 * <p>Who may match whom and the labels of the result are known before the first step; what is checked per step is what is
 * present: one element of the "one" side per match group, and one result per label set.
 */
final class VectorBinary extends VectorOperator {
    /* Implementation notes: "many" is the left side, or the right one with group_right; with one-to-one matching it is the left
     * side too and must match at most once. Steps are stamped (step + 1) so that no array is cleared per step. */
    private final BinaryOperator operator;
    private final VectorMatching matching;
    private final boolean returnBool;
    private final VectorOperator many;
    private final VectorOperator one;
    private final boolean manyIsLeft;
    private final PairLabels pairs;
    private final @Nullable Double fillMany;
    private final @Nullable Double fillOne;

    private final StepVector manyInput = new StepVector(0);
    private final StepVector oneInput = new StepVector(0);
    private final int[] oneStamp;
    private final int[] oneOrdinal;
    private final int[] matchedStamp;
    private final int[] outputStamp;
    private final int[] outputGroup;
    /* Output and group where the output has been yielded by another group before: rare. */
    private final Set<Long> outputsOfFurtherGroups = new HashSet<>();

    static VectorBinary of(
            BinaryOperator operator,
            VectorOperator left,
            VectorOperator right,
            VectorMatching matching,
            boolean returnBool,
            boolean delayed) {
        boolean manyIsLeft = matching.cardinality() != Cardinality.ONE_TO_MANY;
        VectorOperator many = manyIsLeft ? left : right;
        VectorOperator one = manyIsLeft ? right : left;
        PairLabels pairs = PairLabels.of(operator, many, one, matching, returnBool, delayed);
        return new VectorBinary(operator, many, one, manyIsLeft, matching, returnBool, pairs);
    }

    private VectorBinary(
            BinaryOperator operator,
            VectorOperator many,
            VectorOperator one,
            boolean manyIsLeft,
            VectorMatching matching,
            boolean returnBool,
            PairLabels pairs) {
        super(pairs.output(), pairs.dropsName());
        this.operator = operator;
        this.many = many;
        this.one = one;
        this.manyIsLeft = manyIsLeft;
        this.matching = matching;
        this.returnBool = returnBool;
        this.pairs = pairs;
        /* Prometheus swaps the sides for group_right but not the fill values: fill_left fills the "many" side, always. */
        this.fillMany = matching.fillLeft();
        this.fillOne = matching.fillRight();
        int groups = pairs.groupLabels().size();
        this.oneStamp = new int[groups];
        this.oneOrdinal = new int[groups];
        this.matchedStamp = new int[groups];
        this.outputStamp = new int[pairs.output().size()];
        this.outputGroup = new int[pairs.output().size()];
    }

    @Override
    public void eval(int step, StepVector out) {
        many.eval(step, manyInput);
        one.eval(step, oneInput);
        out.reset(outputStamp.length);
        if (cannotMatch()) {
            return;
        }
        int stamp = step + 1;
        outputsOfFurtherGroups.clear();
        indexOneSide(stamp);
        double[] oneValues = oneInput.values();
        double[] manyValues = manyInput.values();
        int[] manyGroups = pairs.manyGroup();
        for (int i = 0; i < manyInput.size(); i++) {
            double value = manyValues[i];
            if (StaleMarker.is(value)) {
                continue;
            }
            int group = manyGroups[i];
            if (oneStamp[group] == stamp) {
                int match = oneOrdinal[group];
                put(value, oneValues[match], group, pairs.output(i, match), stamp, out);
            } else if (fillOne != null) {
                put(value, fillOne, group, pairs.outputFilledOne(i), stamp, out);
            }
        }
        if (fillMany != null) {
            for (int j = 0; j < oneInput.size(); j++) {
                if (oneInput.isPresent(j) && matchedStamp[pairs.oneGroup()[j]] != stamp) {
                    put(fillMany, oneValues[j], pairs.oneGroup()[j], pairs.outputFilledMany(j), stamp, out);
                }
            }
        }
    }

    /* With one side empty nothing is matched, so duplicates on the other side are no error. */
    private boolean cannotMatch() {
        boolean manyIsEmpty = manyInput.isEmpty();
        boolean oneIsEmpty = oneInput.isEmpty();
        return (manyIsEmpty && oneIsEmpty) || ((manyIsEmpty || oneIsEmpty) && fillMany == null && fillOne == null);
    }

    private void indexOneSide(int stamp) {
        int[] groups = pairs.oneGroup();
        for (int j = 0; j < oneInput.size(); j++) {
            if (oneInput.isPresent(j)) {
                int group = groups[j];
                if (oneStamp[group] == stamp) {
                    throw duplicateOnOneSide(group, j, oneOrdinal[group]);
                }
                oneStamp[group] = stamp;
                oneOrdinal[group] = j;
            }
        }
    }

    private void put(double manyValue, double oneValue, int group, int output, int stamp, StepVector out) {
        if (matching.cardinality() == Cardinality.ONE_TO_ONE && matchedStamp[group] == stamp) {
            throw new QueryException.Execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
        }
        matchedStamp[group] = stamp;
        checkUniqueInGroup(group, output, stamp);
        double left = manyIsLeft ? manyValue : oneValue;
        double right = manyIsLeft ? oneValue : manyValue;
        double result;
        if (operator.isComparison()) {
            boolean holds = BinaryArithmetic.compare(operator, left, right);
            if (!holds && !returnBool) {
                return;
            }
            result = returnBool ? (holds ? 1 : 0) : left;
        } else {
            result = BinaryArithmetic.apply(operator, left, right);
        }
        if (out.isPresent(output)) {
            throw new QueryException.Execution(LabelMapping.DUPLICATE);
        }
        out.values()[output] = result;
    }

    /* Labels that a group yields twice are an error even if a comparison leaves the elements out. */
    private void checkUniqueInGroup(int group, int output, int stamp) {
        if (outputStamp[output] != stamp) {
            outputStamp[output] = stamp;
            outputGroup[output] = group;
            return;
        }
        if (outputGroup[output] == group || !outputsOfFurtherGroups.add((long) output << 32 | group)) {
            throw new QueryException.Execution(
                    "multiple matches for labels: grouping labels must ensure unique matches");
        }
    }

    private QueryException duplicateOnOneSide(int group, int ordinal, int earlier) {
        Labels groupLabels = pairs.groupLabels().get(group);
        return new QueryException.Execution("found duplicate series for the match group " + groupLabels + " on the "
                + (manyIsLeft ? "right" : "left") + " hand-side of the operation: ["
                + one.series().get(ordinal) + ", " + one.series().get(earlier)
                + "];many-to-many matching not allowed: matching labels must be unique on one side");
    }

    @Override
    public void close() {
        many.close();
        one.close();
    }
}
