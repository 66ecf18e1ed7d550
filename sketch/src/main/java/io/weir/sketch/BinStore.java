package io.weir.sketch;

/** Counts of bins with consecutive indexes, growing both ways up to a bound. */
final class BinStore {
    private static final int BINS_AT_FIRST = 64;
    private static final int ARRAY_HEADER_BYTES = 16;

    private final DdSketchLimits limits;
    private double[] counts = new double[0];
    /** The index of {@code counts[0]}. */
    private int base;
    /** The lowest and the highest index in use; lowest above highest means empty. */
    private int lowest = Integer.MAX_VALUE;

    private int highest = Integer.MIN_VALUE;
    private double total;

    BinStore(DdSketchLimits limits) {
        this.limits = limits;
    }

    BinStore copy() {
        BinStore copy = new BinStore(limits);
        copy.counts = counts.clone();
        copy.base = base;
        copy.lowest = lowest;
        copy.highest = highest;
        copy.total = total;
        return copy;
    }

    boolean isEmpty() {
        return lowest > highest;
    }

    double total() {
        return total;
    }

    int lowest() {
        return lowest;
    }

    int highest() {
        return highest;
    }

    double at(int index) {
        return index < lowest || index > highest ? 0 : counts[index - base];
    }

    long retainedBytes() {
        return ARRAY_HEADER_BYTES + (long) counts.length * Double.BYTES;
    }

    /** @throws SketchCapacityException when the bins would be too many; nothing changed then */
    void add(int index, double weight) {
        requireRoomFor(index, index);
        use(index);
        counts[index - base] += weight;
        total += weight;
    }

    /** Adds all bins of {@code other}. */
    void addAll(BinStore other) {
        requireRoomFor(other);
        if (other.isEmpty()) {
            return;
        }
        use(other.lowest);
        use(other.highest);
        for (int index = other.lowest; index <= other.highest; index++) {
            counts[index - base] += other.counts[index - other.base];
        }
        total += other.total;
    }

    /** @throws SketchCapacityException when our bins and those of {@code other} are too many together */
    void requireRoomFor(BinStore other) {
        if (!other.isEmpty()) {
            requireRoomFor(other.lowest, other.highest);
        }
    }

    private void requireRoomFor(int from, int to) {
        long first = Math.min(from, lowest);
        long last = Math.max(to, highest);
        if (last - first >= limits.binsMax()) {
            throw new SketchCapacityException("bins " + first + " to " + last + " are more than " + limits.binsMax()
                    + ": use a coarser accuracy or more bins");
        }
    }

    /** Takes {@code bin}, and all between it and the others, into use. */
    private void use(int bin) {
        if (bin >= lowest && bin <= highest) {
            return;
        }
        int from = Math.min(bin, lowest);
        int to = Math.max(bin, highest);
        reserve(from, to, bin);
        lowest = from;
        highest = to;
    }

    /** Makes the array cover both indexes; the spare room goes to the side of {@code grownAt}. */
    private void reserve(int from, int to, int grownAt) {
        if (counts.length > 0 && from >= base && to < (long) base + counts.length) {
            return;
        }
        long needed = (long) to - from + 1;
        long capacity = Math.min(limits.binsMax(), Math.max(needed + needed / 2, BINS_AT_FIRST));
        long spare = Math.max(0, capacity - needed);
        long newBase = isEmpty() ? from - spare / 2 : grownAt < lowest ? from - spare : from;
        newBase = Math.max(Integer.MIN_VALUE, newBase);
        double[] grown = new double[(int) Math.max(capacity, needed)];
        if (!isEmpty()) {
            System.arraycopy(counts, lowest - base, grown, (int) (lowest - newBase), highest - lowest + 1);
        }
        counts = grown;
        base = (int) newBase;
    }

    /** The bin at which the weight passed from the lowest up reaches {@code rank}; the last in use when rounding misses it. */
    int indexAtRankFromBelow(double rank) {
        double seen = 0;
        int last = lowest;
        for (int index = lowest; index <= highest; index++) {
            double weight = counts[index - base];
            seen += weight;
            last = weight > 0 ? index : last;
            if (weight > 0 && seen >= rank) {
                return index;
            }
        }
        return last;
    }

    /** The same from the highest down. */
    int indexAtRankFromAbove(double rank) {
        double seen = 0;
        int last = highest;
        for (int index = highest; index >= lowest; index--) {
            double weight = counts[index - base];
            seen += weight;
            last = weight > 0 ? index : last;
            if (weight > 0 && seen >= rank) {
                return index;
            }
        }
        return last;
    }

    /** Same weights in the same bins, whatever room was reserved. */
    boolean sameWeights(BinStore other) {
        if (total == 0 || other.total == 0) {
            return total == other.total;
        }
        for (int index = Math.min(lowest, other.lowest); index <= Math.max(highest, other.highest); index++) {
            if (at(index) != other.at(index)) {
                return false;
            }
        }
        return true;
    }
}
