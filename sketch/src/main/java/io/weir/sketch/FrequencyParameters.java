package io.weir.sketch;

import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;

/**
 * What frequency sketches must agree on to merge, and how many keys they remember.
 *
 * @param rows 1 to the seeds of the profile; more make a bad estimate less likely
 * @param columns more make estimates better
 * @param candidatesMax keys remembered as possible heavy hitters; not part of the agreement
 */
public record FrequencyParameters(
        int rows, int columns, ColumnHashing hashing, HashProfile profile, int candidatesMax) {
    /** Cells of 8 bytes: 128 MiB, beyond which no single sketch is sensible. */
    public static final int CELLS_MAX = 1 << 24;

    public FrequencyParameters {
        if (rows < 1 || columns < 1 || (long) rows * columns > CELLS_MAX) {
            throw new IllegalArgumentException(
                    "a matrix of " + rows + " x " + columns + " cells is none, or more than " + CELLS_MAX + " cells");
        }
        if (rows > profile.seeds().size()) {
            throw new IllegalArgumentException(
                    "more rows (" + rows + ") than seeds (" + profile.seeds().size() + ")");
        }
        if (candidatesMax < 0 || candidatesMax > 1 << 20) {
            throw new IllegalArgumentException("candidates lie from 0 to 1048576, not at " + candidatesMax);
        }
    }

    /** Hashed as the envelopes of sketchlib are. */
    public static FrequencyParameters of(int rows, int columns, int candidatesMax) {
        return new FrequencyParameters(rows, columns, ColumnHashing.PACKED, HashProfile.STANDARD, candidatesMax);
    }

    boolean mergesWith(FrequencyParameters other) {
        return rows == other.rows
                && columns == other.columns
                && hashing == other.hashing
                && profile.equals(other.profile);
    }
}
