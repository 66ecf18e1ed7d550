package io.weir.promql.function;

import io.weir.promql.labels.Labels;

/**
 * The values of samples as items that are counted: what {@code count_distinct_over_time} takes for one value, how {@code top_k_over_time}
 * names it, and (as UTF-8) what a sketch of the same samples takes as its key.
 */
public final class SampleItems {
    /** The label with the item. */
    public static final String LABEL = "item";

    /** What a label of the series itself that has the name of ours is called, as Prometheus does when it scrapes. */
    private static final String KEPT_PREFIX = "exported_";

    private static final double EXPONENT_BELOW = 1e-6;
    private static final double EXPONENT_FROM = 1e21;
    private static final long NAN = 0x7ff8000000000000L;

    private SampleItems() {}

    /** The bits that equal items have in common: all NaNs are one item, and so are the two zeros. */
    public static long bits(double value) {
        if (value == 0) {
            return 0;
        }
        return Double.isNaN(value) ? NAN : Double.doubleToRawLongBits(value);
    }

    /** The item as text, as Prometheus' JSON has the number: with an exponent below 1e-6 and from 1e21 on. The same for equal items only. */
    public static String text(double value) {
        double magnitude = Math.abs(value);
        if (magnitude == 0) {
            return "0";
        }
        boolean exponent = magnitude < EXPONENT_BELOW || (magnitude >= EXPONENT_FROM && !Double.isInfinite(value));
        return exponent ? GoFormat.general(value) : GoFormat.plain(value);
    }

    /** The labels of a series with an item; a label {@code item} of its own is kept as {@code exported_item}. */
    public static Labels labels(Labels series, String item) {
        String own = series.get(LABEL);
        if (own.isEmpty()) {
            return series.with(LABEL, item);
        }
        String kept = KEPT_PREFIX + LABEL;
        while (series.has(kept)) {
            kept = KEPT_PREFIX + kept;
        }
        return series.with(kept, own).with(LABEL, item);
    }
}
