package io.weir.queryapi.http;

import io.weir.promql.error.QueryException;
import io.weir.promql.parser.GoText;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Times and durations as Prometheus' API takes them (web/api/v1/api.go, parseTime and parseDuration): float seconds, RFC 3339, or
 * durations like {@code 1h30m}.
 */
public final class TimeText {
    /** Bounds of a time parameter in ms: year -285,000 to 285,000; sums of times and durations stay in range. */
    public static final long TIME_MILLIS_MAX = 1L << 53;

    /** The bounds of time as Go prints them, which some clients send for "all" (api.go, minTimeFormatted and maxTimeFormatted). */
    private static final String GO_TIME_MIN = "-292273086-05-16T16:47:06Z";

    private static final String GO_TIME_MAX = "292277025-08-18T07:12:54.999999999Z";

    private static final int NANOS_PER_MILLI = 1_000_000;
    private static final Pattern FLOAT =
            Pattern.compile("[+-]?(([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))");
    private static final Pattern RFC_3339 = Pattern.compile(
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})");
    private static final Pattern DURATION = Pattern.compile(
            "(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?" + "(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?");
    private static final long[] UNIT_MILLIS = {
        365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1
    };

    private TimeText() {}

    /**
     * Ms of a time; digits after the third behind the point round it.
     *
     * @throws QueryException.BadData with Prometheus' message
     */
    public static long parseTime(String text) {
        if (FLOAT.matcher(text).matches()) {
            double seconds = goFloat(text);
            if (!(Math.abs(seconds) <= TIME_MILLIS_MAX / 1000.0)) {
                throw cannotParse(text, "timestamp");
            }
            long whole = (long) seconds;
            double fraction = roundHalfAway((seconds - whole) * 1000) / 1000;
            return whole * 1000 + Math.floorDiv((long) (fraction * 1e9), NANOS_PER_MILLI);
        }
        if (text.equals(GO_TIME_MIN) || text.equals(GO_TIME_MAX)) {
            return text.equals(GO_TIME_MIN) ? -TIME_MILLIS_MAX : TIME_MILLIS_MAX;
        }
        if (!RFC_3339.matcher(text).matches()) {
            throw cannotParse(text, "timestamp");
        }
        try {
            return OffsetDateTime.parse(text).toInstant().toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw cannotParse(text, "timestamp");
        }
    }

    /** Go's math.Round. */
    private static double roundHalfAway(double value) {
        double magnitude = Math.abs(value);
        double floor = Math.floor(magnitude);
        return Math.copySign(magnitude - floor >= 0.5 ? floor + 1 : floor, value);
    }

    private static double goFloat(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.endsWith("nan")) {
            return Double.NaN;
        }
        if (lower.contains("inf")) {
            return lower.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        return Double.parseDouble(text);
    }

    /**
     * Ns of a duration. Seconds are multiplied and cut off as Prometheus does it: 1.001 s are 1,000,999,999 ns. NaN is the longest negative
     * one.
     *
     * @throws QueryException.BadData with Prometheus' message
     */
    public static long parseDurationNanos(String text) {
        if (FLOAT.matcher(text).matches()) {
            double nanos = goFloat(text) * 1e9;
            if (Math.abs(nanos) > (double) Long.MAX_VALUE) {
                throw new QueryException.BadData(
                        "cannot parse " + quote(text) + " to a valid duration. It overflows int64");
            }
            return Double.isNaN(nanos) ? Long.MIN_VALUE : (long) nanos;
        }
        Matcher matcher = DURATION.matcher(text);
        if (text.isEmpty() || !matcher.matches()) {
            throw cannotParse(text, "duration");
        }
        long millis = 0;
        try {
            for (int unit = 0; unit < UNIT_MILLIS.length; unit++) {
                String count = matcher.group(unit + 1);
                if (count != null) {
                    millis = Math.addExact(millis, Math.multiplyExact(Long.parseLong(count), UNIT_MILLIS[unit]));
                }
            }
            return Math.multiplyExact(millis, (long) NANOS_PER_MILLI);
        } catch (ArithmeticException | NumberFormatException e) {
            throw cannotParse(text, "duration");
        }
    }

    /** Ms of a duration; parts of a ms are cut off. */
    public static long parseDuration(String text) {
        return parseDurationNanos(text) / NANOS_PER_MILLI;
    }

    private static QueryException.BadData cannotParse(String text, String what) {
        return new QueryException.BadData("cannot parse " + quote(text) + " to a valid " + what);
    }

    /** Text in double quotes with Go's escapes. */
    public static String quote(String text) {
        return GoText.quote(text);
    }
}
