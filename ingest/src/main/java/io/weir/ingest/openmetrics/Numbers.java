package io.weir.ingest.openmetrics;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Reads numbers of the text formats from bytes, correctly rounded.
 *
 * <p>Accepted are decimal numbers and, in any case, Inf, Infinity (with a sign) and NaN; hexadecimal numbers and underscores are not, as in
 * Prometheus 3.14 (model/textparse/promparse.go, parseFloat).
 */
final class Numbers {
    /** model/value/value.go, NormalNaN. */
    static final double NORMAL_NAN = Double.longBitsToDouble(0x7ff8000000000001L);

    private static final double[] POWERS_OF_TEN = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };
    private static final int EXACT_DIGITS_MAX = 15;
    private static final int MILLIS_DIGITS_MAX = 18;
    private static final int SECONDS_DIGITS_MAX = 15;
    private static final int TIMESTAMP_BYTES_MAX = 100;
    private static final double SECONDS_MAX = 1e15;

    private Numbers() {}

    static double value(byte[] bytes, int start, int end, long line) throws TextFormatException {
        int i = start;
        boolean negative = false;
        if (i < end && (bytes[i] == '-' || bytes[i] == '+')) {
            negative = bytes[i] == '-';
            i++;
        }
        // Clinger's fast path: an integer below 2^53 divided by an exact power of ten is rounded once.
        long digits = 0;
        int count = 0;
        int point = -1;
        for (; i < end; i++) {
            int c = bytes[i];
            if (isDigit(c)) {
                digits = digits * 10 + (c - '0');
                count++;
            } else if (c == '.' && point < 0) {
                point = count;
            } else {
                break;
            }
            if (count > EXACT_DIGITS_MAX) {
                break;
            }
        }
        if (i == end && count > 0) {
            double number = point < 0 ? digits : digits / POWERS_OF_TEN[count - point];
            return negative ? -number : number;
        }
        return slowValue(bytes, start, end, line);
    }

    /** Integer milliseconds. */
    static long millis(byte[] bytes, int start, int end, long line) throws TextFormatException {
        int i = start;
        boolean negative = i < end && bytes[i] == '-';
        if (i < end && (bytes[i] == '-' || bytes[i] == '+')) {
            i++;
        }
        long number = 0;
        boolean valid = i < end;
        for (int from = i; i < end; i++) {
            valid &= isDigit(bytes[i]) && i - from < MILLIS_DIGITS_MAX;
            number = number * 10 + (bytes[i] - '0');
        }
        if (!valid) {
            throw new TextFormatException(
                    line,
                    "a timestamp is a whole number of milliseconds in the Prometheus text format, not "
                            + Excerpt.of(bytes, start, end) + " (seconds with a fraction are OpenMetrics)");
        }
        return negative ? -number : number;
    }

    /** Seconds with a fraction, as milliseconds; more than three digits of a fraction are cut off. */
    static long secondsAsMillis(byte[] bytes, int start, int end, long line) throws TextFormatException {
        int i = start;
        boolean negative = i < end && bytes[i] == '-';
        if (i < end && (bytes[i] == '-' || bytes[i] == '+')) {
            i++;
        }
        int from = i;
        long millis = 0;
        for (; i < end && isDigit(bytes[i]) && i - from < SECONDS_DIGITS_MAX; i++) {
            millis = millis * 10 + (bytes[i] - '0');
        }
        boolean digits = i > from;
        millis *= 1_000;
        if (i < end && bytes[i] == '.') {
            i++;
            for (int scale = 100; i < end && isDigit(bytes[i]); i++, scale /= 10) {
                millis += (long) scale * (bytes[i] - '0');
                digits = true;
            }
        }
        if (i == end && digits) {
            return negative ? -millis : millis;
        }
        return slowSecondsAsMillis(bytes, start, end, line);
    }

    private static long slowSecondsAsMillis(byte[] bytes, int start, int end, long line) throws TextFormatException {
        String text = text(bytes, start, Math.min(end, start + TIMESTAMP_BYTES_MAX));
        if (end - start > TIMESTAMP_BYTES_MAX || !isDecimal(text)) {
            throw new TextFormatException(
                    line, "a timestamp is a number of seconds in OpenMetrics, not " + Excerpt.of(bytes, start, end));
        }
        double seconds = Double.parseDouble(text);
        if (!(Math.abs(seconds) < SECONDS_MAX)) {
            throw new TextFormatException(line, "timestamp out of range: " + Excerpt.of(bytes, start, end));
        }
        if (Math.abs(seconds) < 1e-4) {
            // Not by BigDecimal, whose scale would follow any exponent.
            return 0;
        }
        return new BigDecimal(text)
                .movePointRight(3)
                .setScale(0, RoundingMode.DOWN)
                .longValueExact();
    }

    private static double slowValue(byte[] bytes, int start, int end, long line) throws TextFormatException {
        String text = text(bytes, start, end);
        if (isDecimal(text)) {
            double number = Double.parseDouble(text);
            if (Double.isInfinite(number)) {
                throw new TextFormatException(line, "number out of range: " + Excerpt.of(bytes, start, end));
            }
            return number;
        }
        switch (text.toLowerCase(Locale.ROOT)) {
            case "nan":
                return NORMAL_NAN;
            case "inf", "+inf", "infinity", "+infinity":
                return Double.POSITIVE_INFINITY;
            case "-inf", "-infinity":
                return Double.NEGATIVE_INFINITY;
            default:
                throw new TextFormatException(
                        line, "a value is a number, NaN, +Inf or -Inf, not " + Excerpt.of(bytes, start, end));
        }
    }

    /** Sign, digits with a point, exponent: stricter than Double.parseDouble, which takes "1d" and hexadecimal numbers. */
    private static boolean isDecimal(String text) {
        int length = text.length();
        int i = 0;
        if (i < length && (text.charAt(i) == '-' || text.charAt(i) == '+')) {
            i++;
        }
        int digits = 0;
        boolean point = false;
        for (; i < length && (isDigit(text.charAt(i)) || (text.charAt(i) == '.' && !point)); i++) {
            point |= text.charAt(i) == '.';
            digits += text.charAt(i) == '.' ? 0 : 1;
        }
        if (digits == 0) {
            return false;
        }
        if (i < length && (text.charAt(i) == 'e' || text.charAt(i) == 'E')) {
            i++;
            if (i < length && (text.charAt(i) == '-' || text.charAt(i) == '+')) {
                i++;
            }
            int from = i;
            while (i < length && isDigit(text.charAt(i))) {
                i++;
            }
            return i == length && i > from;
        }
        return i == length;
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static String text(byte[] bytes, int start, int end) {
        return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    }
}
