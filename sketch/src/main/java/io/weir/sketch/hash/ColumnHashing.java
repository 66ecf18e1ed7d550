package io.weir.sketch.hash;

/** How a key finds its column, and its sign, in each row of a matrix. Sketches of different ways do not merge. */
public enum ColumnHashing {
    /** A hash of its own for each row: column from its lower 32 bits modulo the columns, sign from its highest bit. */
    ROW_BY_ROW,

    /**
     * One hash for all rows while its bits suffice: row {@code r} takes the {@code r}-th field of ceil(log2(columns)) bits, its
     * sign is the {@code r}-th bit from the top. sketchlib-go and asap_sketchlib hash so in every envelope they send
     * (verified with their published vectors).
     */
    PACKED
}
