package io.weir.promql.leaf;

/** A step of a compiled leaf: computes one column, one value per step of its grid, for one series. */
interface LeafNode {
    /**
     * @param out receives the column; the stale marker where there is no sample
     */
    void eval(SeriesInput input, double[] out);
}
