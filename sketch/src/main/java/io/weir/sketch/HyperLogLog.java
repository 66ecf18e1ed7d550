package io.weir.sketch;

import io.weir.sketch.hash.Xxh3;
import java.util.Arrays;

/**
 * A count of distinct items: the relative standard error is {@code 1.04 / sqrt(2^precision)} at any count.
 *
 * <p>An item's hash is {@code XXH3-64(item, seed)}; its upper {@code precision} bits choose a register, which keeps the
 * longest run of leading zeros seen in the rest, plus one (at most {@code 65 - precision}). Merging takes the larger register.
 * It starts sparse and turns into one byte a register when that is smaller. The estimator is Ertl's improved raw estimator
 * ("New cardinality estimation algorithms for HyperLogLog sketches", arXiv 1702.01284, algorithm 6): no tables, no switch
 * between ranges. It is used for registers of every {@link Variant}, which differ in their producers' estimators only.
 */
public final class HyperLogLog implements Sketch {
    /* Implementation notes: sparse entries are index << 6 | rank in an open-addressed table, never zero since a rank is at least
     * 1 and at most 61, never moved or removed. The table is dropped when its next size would exceed the registers'. */

    public static final int PRECISION_MIN = 4;
    public static final int PRECISION_MAX = 18;

    private static final int RANK_BITS = 6;
    private static final int RANK_MASK = (1 << RANK_BITS) - 1;
    private static final int SPARSE_AT_FIRST = 16;
    private static final int OBJECT_BYTES = 64;

    /** How the producer of the registers estimates; kept so that they go out as they came in. */
    public enum Variant {
        REGULAR,
        ERTL_MLE,
        HIP
    }

    private final int precision;
    private final long seed;
    private final Variant variant;
    private byte[] registers;
    private int[] sparse;
    private int sparseEntries;

    public HyperLogLog(int precision, long seed, Variant variant) {
        if (precision < PRECISION_MIN || precision > PRECISION_MAX) {
            throw new IllegalArgumentException(
                    "a precision lies from " + PRECISION_MIN + " to " + PRECISION_MAX + ", not at " + precision);
        }
        this.precision = precision;
        this.seed = seed;
        this.variant = variant;
        boolean startsSparse = Integer.BYTES * SPARSE_AT_FIRST < 1 << precision;
        sparse = new int[startsSparse ? SPARSE_AT_FIRST : 0];
        registers = new byte[startsSparse ? 0 : 1 << precision];
    }

    public int precision() {
        return precision;
    }

    public long seed() {
        return seed;
    }

    public Variant variant() {
        return variant;
    }

    /** How many registers there are. */
    public int registerCount() {
        return 1 << precision;
    }

    /** The highest value a register can reach. */
    public int rankMax() {
        return 65 - precision;
    }

    public boolean isSparse() {
        return registers.length == 0;
    }

    public void add(byte[] item) {
        addHash(Xxh3.hash64(item, seed));
    }

    /** Records an item that was hashed with this sketch's seed. */
    public void addHash(long hash) {
        int index = (int) (hash >>> (64 - precision));
        int rank = Long.numberOfLeadingZeros((hash << precision) + (1L << precision) - 1) + 1;
        raise(index, rank);
    }

    /** Raises a register to {@code rank} unless it is there already. */
    public void raise(int index, int rank) {
        if (index < 0 || index >= registerCount() || rank < 1 || rank > rankMax()) {
            throw new IllegalArgumentException(
                    "no register " + index + " of rank " + rank + " at precision " + precision);
        }
        if (isSparse()) {
            raiseSparse(index, rank);
        } else if (registers[index] < rank) {
            registers[index] = (byte) rank;
        }
    }

    private void raiseSparse(int index, int rank) {
        int slot = slotOf(sparse, index);
        if (sparse[slot] != 0) {
            if ((sparse[slot] & RANK_MASK) < rank) {
                sparse[slot] = index << RANK_BITS | rank;
            }
            return;
        }
        sparse[slot] = index << RANK_BITS | rank;
        sparseEntries++;
        if (2 * sparseEntries > sparse.length) {
            growSparse();
        }
    }

    private void growSparse() {
        int[] old = sparse;
        if (2L * old.length * Integer.BYTES >= registerCount()) {
            registers = new byte[registerCount()];
            sparse = new int[0];
            sparseEntries = 0;
            for (int entry : old) {
                if (entry != 0) {
                    registers[entry >>> RANK_BITS] = (byte) (entry & RANK_MASK);
                }
            }
            return;
        }
        sparse = new int[2 * old.length];
        for (int entry : old) {
            if (entry != 0) {
                sparse[slotOf(sparse, entry >>> RANK_BITS)] = entry;
            }
        }
    }

    private static int slotOf(int[] table, int index) {
        int mask = table.length - 1;
        int slot = ((index * 0x9E3779B1) >>> 7) & mask;
        while (table[slot] != 0 && table[slot] >>> RANK_BITS != index) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** The value of a register, 0 when nothing fell into it. */
    public int register(int index) {
        return isSparse() ? sparse[slotOf(sparse, index)] & RANK_MASK : registers[index];
    }

    /** All registers, one byte each. */
    public byte[] denseRegisters() {
        if (!isSparse()) {
            return registers.clone();
        }
        byte[] dense = new byte[registerCount()];
        for (int entry : sparse) {
            if (entry != 0) {
                dense[entry >>> RANK_BITS] = (byte) (entry & RANK_MASK);
            }
        }
        return dense;
    }

    /** What is told about the registers in use. */
    @FunctionalInterface
    public interface RegisterVisitor {
        void register(int index, int rank);
    }

    /** Visits the registers above zero, ascending. */
    public void forEachRegister(RegisterVisitor visitor) {
        if (isSparse()) {
            int[] entries = Arrays.stream(sparse).filter(entry -> entry != 0).toArray();
            Arrays.sort(entries);
            for (int entry : entries) {
                visitor.register(entry >>> RANK_BITS, entry & RANK_MASK);
            }
            return;
        }
        for (int index = 0; index < registers.length; index++) {
            if (registers[index] != 0) {
                visitor.register(index, registers[index]);
            }
        }
    }

    /** How many different items were recorded, estimated. */
    public double estimate() {
        int[] histogram = new int[rankMax() + 1];
        if (isSparse()) {
            histogram[0] = registerCount() - sparseEntries;
            for (int entry : sparse) {
                if (entry != 0) {
                    histogram[entry & RANK_MASK]++;
                }
            }
        } else {
            for (byte register : registers) {
                histogram[register]++;
            }
        }
        return ErtlEstimator.estimate(histogram, registerCount());
    }

    /** The standard error of an estimate, relative to it. */
    public double relativeStandardError() {
        return 1.04 / Math.sqrt(registerCount());
    }

    @Override
    public SketchKind kind() {
        return SketchKind.HYPERLOGLOG;
    }

    @Override
    public boolean isEmpty() {
        if (isSparse()) {
            return sparseEntries == 0;
        }
        for (byte register : registers) {
            if (register != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public HyperLogLog copy() {
        HyperLogLog copy = emptyCopy();
        copy.registers = registers.clone();
        copy.sparse = sparse.clone();
        copy.sparseEntries = sparseEntries;
        return copy;
    }

    @Override
    public HyperLogLog emptyCopy() {
        return new HyperLogLog(precision, seed, variant);
    }

    @Override
    public void mergeFrom(Sketch other) {
        if (!(other instanceof HyperLogLog that)
                || precision != that.precision
                || seed != that.seed
                || variant != that.variant) {
            throw new SketchMismatchException("HyperLogLog sketches merge with equal precision, seed and variant only: "
                    + this + " and " + other);
        }
        that.forEachRegister(this::raise);
    }

    @Override
    public long retainedBytes() {
        return OBJECT_BYTES + registers.length + (long) Integer.BYTES * sparse.length;
    }

    @Override
    public String toString() {
        return "HyperLogLog(precision " + precision + ", seed " + Long.toHexString(seed) + ", " + variant + ")";
    }
}
