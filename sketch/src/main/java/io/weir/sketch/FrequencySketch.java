package io.weir.sketch;

import io.weir.sketch.hash.MatrixHasher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A matrix of counters that estimates how much weight each item has, and a bounded set of items that may be the heaviest.
 *
 * <p>Merging adds the matrices. The heaviest items of the union are found by asking the merged matrix again about every
 * candidate of both: weights remembered before a merge are never added or compared (that finds nothing, report E7.5).
 *
 * <p>While its items are few, it keeps each with its weight and has no matrix: most series repeat few values, or have few samples, and a matrix
 * takes as much memory for five samples as for five million. What it answers then is exact.
 */
public abstract sealed class FrequencySketch implements Sketch permits CountMin, CountSketch {
    private static final int OBJECT_BYTES = 128;
    /** Of an item in a map, roughly. */
    private static final int ITEM_BYTES = 120;

    private static final int EXACT_ITEMS_MAX = 512;
    private static final double[] NO_CELLS = {};

    final FrequencyParameters parameters;
    final MatrixHasher hasher;
    private final int exactItemsMax;
    /** Null as soon as there is a matrix. */
    private @Nullable Map<SketchKey, Double> exact = new HashMap<>();

    private double[] cells = NO_CELLS;
    private final HeavyCandidates candidates;
    private final int[] located;
    private final double[] read;

    FrequencySketch(FrequencyParameters parameters) {
        this.parameters = parameters;
        hasher = new MatrixHasher(parameters.rows(), parameters.columns(), parameters.hashing(), parameters.profile());
        exactItemsMax = Math.min(
                Math.min(EXACT_ITEMS_MAX, parameters.candidatesMax()),
                Double.BYTES * parameters.rows() * parameters.columns() / ITEM_BYTES);
        candidates = new HeavyCandidates(parameters.candidatesMax());
        located = new int[parameters.rows()];
        read = new double[parameters.rows()];
    }

    public final FrequencyParameters parameters() {
        return parameters;
    }

    /** Records an item once. */
    public final void add(SketchKey key) {
        add(key, 1);
    }

    /**
     * Records an item with a weight.
     *
     * @param weight positive and finite
     */
    public final void add(SketchKey key, double weight) {
        if (!(weight > 0 && weight <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("a weight is positive and finite, not " + weight);
        }
        if (exact != null) {
            exact.merge(key, weight, Double::sum);
            spreadIfMany(exact);
        } else {
            addToMatrix(key, weight, true);
        }
    }

    private void addToMatrix(SketchKey key, double weight, boolean asCandidate) {
        byte[] bytes = key.bytes();
        long fingerprint = hasher.fingerprint(bytes);
        hasher.locate(fingerprint, bytes, located);
        for (int row = 0; row < located.length; row++) {
            cells[row * parameters.columns() + MatrixHasher.column(located[row])] += signed(located[row], weight);
        }
        if (asCandidate) {
            candidates.offer(key, fingerprint, weight);
        }
    }

    private void spreadIfMany(Map<SketchKey, Double> items) {
        if (items.size() > exactItemsMax) {
            matrix();
        }
    }

    /** The counters by row, of this sketch from now on. */
    final double[] matrix() {
        Map<SketchKey, Double> items = exact;
        if (items != null) {
            exact = null;
            cells = new double[parameters.rows() * parameters.columns()];
            // Heaviest first: what may find no place among the candidates comes last.
            items.entrySet().stream()
                    .map(item -> new HeavyHitter(item.getKey(), item.getValue()))
                    .sorted(HeavyHitter.HEAVIEST_FIRST)
                    .forEach(item -> addToMatrix(item.key(), item.weight(), true));
        }
        return cells;
    }

    /** Every item with its weight while they are few; empty when only estimates are left. */
    public final Optional<Map<SketchKey, Double>> exactWeights() {
        return exact == null ? Optional.empty() : Optional.of(Collections.unmodifiableMap(exact));
    }

    /** The estimated weight of an item. */
    public final double estimate(SketchKey key) {
        if (exact != null) {
            return exact.getOrDefault(key, 0.0);
        }
        return estimate(key, hasher.fingerprint(key.bytes()));
    }

    /** From the matrix. */
    private double estimate(SketchKey key, long fingerprint) {
        if (!hasher.locateBy(fingerprint, located)) {
            hasher.locate(fingerprint, key.bytes(), located);
        }
        for (int row = 0; row < read.length; row++) {
            read[row] = signed(located[row], cells[row * parameters.columns() + MatrixHasher.column(located[row])]);
        }
        return estimateOf(read);
    }

    /** The heaviest of the candidates by the matrix' estimate, heaviest first, ties by key. */
    public final List<HeavyHitter> top(int k) {
        if (k < 0) {
            throw new IllegalArgumentException("a top list has 0 or more entries, not " + k);
        }
        if (exact != null) {
            return exact.entrySet().stream()
                    .map(item -> new HeavyHitter(item.getKey(), item.getValue()))
                    .sorted(HeavyHitter.HEAVIEST_FIRST)
                    .limit(k)
                    .toList();
        }
        CandidateUnion all = union(List.of());
        double[] weights = weights(all);
        double lightest = heaviest(weights, k);
        return IntStream.range(0, weights.length)
                .filter(i -> weights[i] >= lightest)
                .mapToObj(i -> new HeavyHitter(all.key(i), weights[i]))
                .sorted(HeavyHitter.HEAVIEST_FIRST)
                .limit(k)
                .toList();
    }

    /** The items that may be among the heaviest, in no order. */
    public final Set<SketchKey> candidates() {
        return exact == null ? candidates.keys() : Collections.unmodifiableSet(exact.keySet());
    }

    /** Remembers an item as a candidate without recording weight, as formats deliver them. */
    public final void addCandidate(SketchKey key) {
        if (exact != null) {
            // All of them are candidates already.
            return;
        }
        long fingerprint = hasher.fingerprint(key.bytes());
        double weight = estimate(key, fingerprint);
        if (weight > 0) {
            candidates.offer(key, fingerprint, weight);
        }
    }

    /** A counter, rows numbered from 0. */
    public final double cell(int row, int column) {
        return matrix()[row * parameters.columns() + column];
    }

    /** Adds to a counter, as formats and deltas deliver it. Candidates stay as they are. */
    public final void addToCell(int row, int column, double change) {
        if (row < 0 || row >= parameters.rows() || column < 0 || column >= parameters.columns()) {
            throw new IllegalArgumentException("no cell " + row + ", " + column + " in " + this);
        }
        double changed = cell(row, column) + change;
        if (!(Math.abs(changed) <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("a counter is finite, not " + changed);
        }
        cells[row * parameters.columns() + column] = changed;
    }

    /** An item's weight from the (signed) counters of its rows, one a row. The array may be reordered. */
    abstract double estimateOf(double[] values);

    /** What is added to a counter for {@code weight}, and read from it. */
    abstract double signed(int cell, double weight);

    abstract FrequencySketch newLikeThis();

    @Override
    public final boolean isEmpty() {
        return exact == null ? Arrays.stream(cells).allMatch(cell -> cell == 0) : exact.isEmpty();
    }

    @Override
    public final FrequencySketch emptyCopy() {
        return newLikeThis();
    }

    @Override
    public final FrequencySketch copy() {
        FrequencySketch copy = newLikeThis();
        if (exact != null) {
            copy.exact = new HashMap<>(exact);
            return copy;
        }
        copy.exact = null;
        copy.cells = cells.clone();
        copy.candidates.copyFrom(candidates);
        return copy;
    }

    @Override
    public final void mergeFrom(Sketch other) {
        mergeFrom(List.of(other));
    }

    /** Sums all matrices first and asks the sum once about every candidate of all: asking is what a merge costs. */
    @Override
    public final void mergeFrom(List<? extends Sketch> others) {
        List<FrequencySketch> those = others.stream().map(this::requireAlike).toList();
        those.forEach(this::addWeights);
        if (exact == null && !those.isEmpty()) {
            keepHeaviest(union(those));
        }
    }

    private CandidateUnion union(List<FrequencySketch> those) {
        int count = candidates.size();
        for (FrequencySketch that : those) {
            count += that.candidates().size();
        }
        CandidateUnion union = new CandidateUnion(count, hasher.locatesByFingerprint());
        candidates.addTo(union);
        for (FrequencySketch that : those) {
            if (that.exact == null) {
                that.candidates.addTo(union);
            } else {
                that.exact.keySet().forEach(key -> union.add(key, hasher.fingerprint(key.bytes())));
            }
        }
        return union;
    }

    private FrequencySketch requireAlike(Sketch other) {
        if (!(other instanceof FrequencySketch that)
                || kind() != that.kind()
                || !parameters.mergesWith(that.parameters)) {
            throw new SketchMismatchException(
                    "frequency sketches merge with equal kind, rows, columns, hashing and seeds only: " + this + " and "
                            + other);
        }
        if (that == this) {
            throw new SketchMismatchException("a sketch does not merge with itself");
        }
        return that;
    }

    private void addWeights(FrequencySketch that) {
        Map<SketchKey, Double> ours = exact;
        Map<SketchKey, Double> theirs = that.exact;
        if (ours != null && theirs != null) {
            theirs.forEach((key, weight) -> ours.merge(key, weight, Double::sum));
            spreadIfMany(ours);
            return;
        }
        double[] sums = matrix();
        if (theirs != null) {
            theirs.forEach((key, weight) -> addToMatrix(key, weight, false));
        } else {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += that.cells[i];
            }
        }
    }

    /** Takes the heaviest of them that weigh anything for candidates, as many as there is room for; of equal weight the first by key. */
    private void keepHeaviest(CandidateUnion union) {
        int room = parameters.candidatesMax();
        double[] weights = weights(union);
        double lightest = Math.max(0, heaviest(weights, room));
        candidates.clear();
        List<Integer> ties = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > lightest) {
                candidates.offer(union.key(i), union.fingerprint(i), weights[i]);
            } else if (weights[i] == lightest && lightest > 0) {
                ties.add(i);
            }
        }
        ties.sort(Comparator.comparing(union::key));
        for (int i : ties.subList(0, Math.min(ties.size(), room - candidates.size()))) {
            candidates.offer(union.key(i), union.fingerprint(i), lightest);
        }
    }

    private double[] weights(CandidateUnion union) {
        double[] weights = new double[union.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = estimate(union.key(i), union.fingerprint(i));
        }
        return weights;
    }

    /** The heaviest weight but (count - 1): as many weigh that much at least. Less than any weight if there are not so many. */
    private static double heaviest(double[] weights, int count) {
        if (count >= weights.length) {
            return Double.NEGATIVE_INFINITY;
        }
        if (count == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double[] sorted = weights.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length - count];
    }

    @Override
    public final long retainedBytes() {
        return OBJECT_BYTES
                + (long) Double.BYTES * cells.length
                + (exact == null ? candidates.retainedBytes() : (long) ITEM_BYTES * exact.size());
    }

    @Override
    public final String toString() {
        return kind() + "(" + parameters.rows() + " x " + parameters.columns() + ", " + parameters.hashing() + ")";
    }
}
