package io.weir.sketch.codec;

import io.weir.sketch.DdSketchLimits;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.hash.ColumnHashing;

/**
 * What decoding may take, and what it assumes where a format does not say.
 *
 * @param bytesMax longest input, in bytes
 * @param valuesMax most counts of a list of bins, padding included
 * @param cellsMax most cells of a matrix, 8 bytes each
 * @param keysMax most keys a sketch may name
 * @param keyBytesMax longest key, in bytes
 * @param candidatesMax keys a decoded frequency sketch remembers
 * @param bins bounds of a decoded DDSketch
 * @param matrixHashing how matrices are hashed whose format does not say so clearly (sketchlib.v1)
 */
public record DecodeLimits(
        int bytesMax,
        int valuesMax,
        int cellsMax,
        int keysMax,
        int keyBytesMax,
        int candidatesMax,
        DdSketchLimits bins,
        ColumnHashing matrixHashing) {
    public static final DecodeLimits DEFAULT = new DecodeLimits(
            16 << 20, 1 << 18, 1 << 20, 10_000, 4096, 1000, DdSketchLimits.DEFAULT, ColumnHashing.PACKED);

    public DecodeLimits {
        if (bytesMax < 1
                || valuesMax < 1
                || cellsMax < 1
                || cellsMax > FrequencyParameters.CELLS_MAX
                || keysMax < 0
                || keyBytesMax < 0
                || candidatesMax < 0) {
            throw new IllegalArgumentException(
                    "a limit of decoding is negative, zero or beyond what a matrix may have");
        }
    }
}
