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
    /** The highest bin that took weight of lower ones; the lowest int when none did. */
    private int collapsedThrough = Integer.MIN_VALUE;

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
        copy.collapsedThrough = collapsedThrough;
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

    /** Whether the weight in this bin, and in all above it, is where it belongs. */
    boolean isExactFrom(int index) {
        return index > collapsedThrough;
    }

    long retainedBytes() {
        return ARRAY_HEADER_BYTES + (long) counts.length * Double.BYTES;
    }

    /** @throws SketchCapacityException when the bins would be too many and may not collapse; nothing changed then */
    void add(int index, double weight) {
        requireRoomFor(index, index);
        long newHighest = Math.max(index, highest);
        int floor = (int) Math.max(Integer.MIN_VALUE, newHighest - limits.binsMax() + 1);
        if (lowest < floor) {
            collapseBelow(floor);
        }
        int bin = Math.max(index, floor);
        if (bin > index) {
            collapsedThrough = Math.max(collapsedThrough, bin);
        }
        use(bin);
        counts[bin - base] += weight;
        total += weight;
    }

    /** Adds all bins of {@code other}. */
    void addAll(BinStore other) {
        requireRoomFor(other);
        if (other.isEmpty()) {
            return;
        }
        if (Math.max((long) highest, other.highest) - Math.min(lowest, other.lowest) < limits.binsMax()) {
            use(other.lowest);
            use(other.highest);
            for (int index = other.lowest; index <= other.highest; index++) {
                counts[index - base] += other.counts[index - other.base];
            }
            total += other.total;
            collapsedThrough = Math.max(collapsedThrough, other.collapsedThrough);
            return;
        }
        // From the highest down, so that a bound that collapses collapses once.
        for (int index = other.highest; index >= other.lowest; index--) {
            double weight = other.at(index);
            if (weight != 0) {
                add(index, weight);
            }
        }
        collapsedThrough = Math.max(collapsedThrough, other.collapsedThrough);
    }

    /** @throws SketchCapacityException when our bins and those of {@code other} are too many together and may not collapse */
    void requireRoomFor(BinStore other) {
        if (!other.isEmpty()) {
            requireRoomFor(other.lowest, other.highest);
        }
    }

    private void requireRoomFor(int from, int to) {
        long first = Math.min(from, lowest);
        long last = Math.max(to, highest);
        if (limits.overflow() == DdSketchLimits.Overflow.REFUSE && last - first >= limits.binsMax()) {
            throw new SketchCapacityException("bins " + first + " to " + last + " are more than " + limits.binsMax()
                    + ": use a coarser accuracy, more bins, or let the lowest collapse");
        }
    }

    private void collapseBelow(int floor) {
        double moved = 0;
        for (int index = lowest; index <= Math.min(highest, floor - 1); index++) {
            moved += counts[index - base];
            counts[index - base] = 0;
        }
        lowest = floor;
        highest = Math.max(highest, floor);
        reserve(floor, highest, highest);
        counts[floor - base] += moved;
        if (moved > 0) {
            collapsedThrough = Math.max(collapsedThrough, floor);
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
        for (long index = Math.max(lowest, base);
                index <= Math.min(highest, (long) base + counts.length - 1);
                index++) {
            long slot = index - newBase;
            if (slot >= 0 && slot < grown.length) {
                grown[(int) slot] = counts[(int) (index - base)];
            }
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
