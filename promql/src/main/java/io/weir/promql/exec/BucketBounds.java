package io.weir.promql.exec;

import io.weir.promql.function.GoFormat;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/** Numbers in label values. */
final class BucketBounds {
    /** What Go's strconv.ParseFloat takes, apart from hexadecimal numbers, which nobody writes into a bucket label. */
    private static final Pattern DECIMAL = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");

    private BucketBounds() {}

    /** The number a bucket label stands for; empty if it is none. */
    static OptionalDouble parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "inf", "+inf", "infinity", "+infinity" -> OptionalDouble.of(Double.POSITIVE_INFINITY);
            case "-inf", "-infinity" -> OptionalDouble.of(Double.NEGATIVE_INFINITY);
            case "nan" -> OptionalDouble.of(Double.NaN);
            default ->
                DECIMAL.matcher(text).matches() ? OptionalDouble.of(Double.parseDouble(text)) : OptionalDouble.empty();
        };
    }

    /** A number as OpenMetrics writes it in labels: always with a point or an exponent (model/labels, FormatOpenMetricsFloat). */
    static String format(double value) {
        String text = GoFormat.general(value);
        boolean special = Double.isNaN(value) || Double.isInfinite(value);
        return special || text.contains(".") || text.contains("e") ? text : text + ".0";
    }
}
