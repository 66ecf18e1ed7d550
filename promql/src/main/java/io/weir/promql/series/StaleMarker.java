package io.weir.promql.series;

/**
 * Prometheus' staleness marker: the NaN with bits 0x7ff0000000000002 (model/value/value.go).
 *
 * <p>No expression yields it, so result columns use the same bits for "no sample at this step". Only raw bits tell it from other NaNs.
 */
public final class StaleMarker {
    public static final long BITS = 0x7ff0000000000002L;
    public static final double VALUE = Double.longBitsToDouble(BITS);

    private StaleMarker() {}

    public static boolean is(double value) {
        return Double.doubleToRawLongBits(value) == BITS;
    }
}
