package io.weir.sketch.hash;

/**
 * Where a key falls in a matrix of counters: one column and one sign for each row.
 *
 * <p>{@link ColumnHashing#PACKED} reserves ceil(log2(columns)) + 1 bits a row: a 64-bit hash while all rows fit into it, else
 * one of 128 bits, else a hash of its own for each row (ASAPv1 wire format, sections 3.2 and 3.6). A column count that is no
 * power of two folds the field by modulo.
 */
public final class MatrixHasher {
    private final int rows;
    private final int columns;
    private final ColumnHashing hashing;
    private final HashProfile profile;
    private final long[] rowSeeds;
    private final int fieldBits;
    private final int packedBits;

    public MatrixHasher(int rows, int columns, ColumnHashing hashing, HashProfile profile) {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException("a matrix has rows and columns, not " + rows + " x " + columns);
        }
        if (rows > profile.seeds().size()) {
            throw new IllegalArgumentException(
                    "more rows (" + rows + ") than seeds (" + profile.seeds().size() + ")");
        }
        this.rows = rows;
        this.columns = columns;
        this.hashing = hashing;
        this.profile = profile;
        rowSeeds = new long[rows];
        for (int row = 0; row < rows; row++) {
            rowSeeds[row] = profile.rowSeed(row);
        }
        fieldBits = 32 - Integer.numberOfLeadingZeros(columns - 1);
        int needed = (fieldBits + 1) * rows;
        packedBits = hashing == ColumnHashing.ROW_BY_ROW || needed > 128 ? 0 : needed > 64 ? 128 : 64;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    public ColumnHashing hashing() {
        return hashing;
    }

    public HashProfile profile() {
        return profile;
    }

    /**
     * Writes the cell of each row, as column with the sign in the highest bit (set means plus), into {@code cells}.
     *
     * @param cells at least as long as there are rows
     */
    public void locate(byte[] key, int[] cells) {
        locate(fingerprint(key), key, cells);
    }

    /** A hash of the key: that of the first row, and of all rows where 64 bits suffice for them. */
    public long fingerprint(byte[] key) {
        return Xxh3.hash64(key, rowSeeds[0]);
    }

    /** As {@link #locate(byte[], int[])}, of a key whose {@link #fingerprint} is known. */
    public void locate(long fingerprint, byte[] key, int[] cells) {
        switch (packedBits) {
            case 64 -> locateIn64(fingerprint, cells);
            case 128 -> locateIn128(Xxh3.hash128(key, rowSeeds[0]), cells);
            default -> locateRowByRow(key, cells);
        }
    }

    /** Whether the cells of a key follow from its {@link #fingerprint} alone. */
    public boolean locatesByFingerprint() {
        return packedBits == 64;
    }

    /** As {@link #locate(byte[], int[])} by the key's {@link #fingerprint} alone; false, and nothing written, if it takes more than that. */
    public boolean locateBy(long fingerprint, int[] cells) {
        if (!locatesByFingerprint()) {
            return false;
        }
        locateIn64(fingerprint, cells);
        return true;
    }

    /** The column of a cell made by {@link #locate}. */
    public static int column(int cell) {
        return cell & Integer.MAX_VALUE;
    }

    /** The sign of a cell made by {@link #locate}: 1 or -1. */
    public static int sign(int cell) {
        return cell < 0 ? 1 : -1;
    }

    private void locateIn64(long hash, int[] cells) {
        long mask = (1L << fieldBits) - 1;
        for (int row = 0; row < rows; row++) {
            long field = (hash >>> (row * fieldBits)) & mask;
            cells[row] = cell(field, ((hash >>> (63 - row)) & 1) != 0);
        }
    }

    private void locateIn128(Xxh3.Hash128 hash, int[] cells) {
        long mask = (1L << fieldBits) - 1;
        for (int row = 0; row < rows; row++) {
            cells[row] = cell(hash.shiftedRight(row * fieldBits) & mask, hash.bit(127 - row));
        }
    }

    private void locateRowByRow(byte[] key, int[] cells) {
        // Packed hashing that ran out of bits masks the field; row by row hashing folds 32 bits.
        long mask = hashing == ColumnHashing.PACKED ? (1L << fieldBits) - 1 : 0xFFFFFFFFL;
        for (int row = 0; row < rows; row++) {
            long hash = Xxh3.hash64(key, rowSeeds[row]);
            cells[row] = cell(hash & mask, hash < 0);
        }
    }

    private int cell(long field, boolean plus) {
        return (int) (field % columns) | (plus ? Integer.MIN_VALUE : 0);
    }
}
