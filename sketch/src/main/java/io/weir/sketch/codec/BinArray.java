package io.weir.sketch.codec;

import io.weir.sketch.DdSketch;

/** The bins of one sign from the lowest to the highest in use; empty at offset 0 when there are none. */
@SuppressWarnings("ArrayRecordComponent") // Lives for one call, is compared with nothing.
record BinArray(int offset, double[] weights) {
    static BinArray of(DdSketch sketch, boolean isPositive) {
        int[] range = {Integer.MAX_VALUE, Integer.MIN_VALUE};
        sketch.forEachBin(isPositive, (index, weight) -> {
            range[0] = Math.min(range[0], index);
            range[1] = Math.max(range[1], index);
        });
        if (range[0] > range[1]) {
            return new BinArray(0, new double[0]);
        }
        double[] weights = new double[range[1] - range[0] + 1];
        sketch.forEachBin(isPositive, (index, weight) -> weights[index - range[0]] = weight);
        return new BinArray(range[0], weights);
    }
}
