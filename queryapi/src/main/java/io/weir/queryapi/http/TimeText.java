package io.weir.queryapi.http;

import io.weir.promql.error.QueryException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times and durations as Prometheus' API takes them: float seconds, RFC 3339, or durations like {@code 1h30m}. */
public final class TimeText {
    /** Bounds of a time parameter in ms: year -285,000 to 285,000; sums of times and durations stay in range. */
    public static final long TIME_MILLIS_MAX = 1L << 53;

    private static final Pattern FLOAT = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
    private static final Pattern DURATION =
            Pattern.compile("(?:(\\d+)y)?(?:(\\d+)w)?(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?");
    private static final long[] UNIT_MILLIS = {
        365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1
    };

    private TimeText() {}

    /**
     * Ms of a time.
     *
     * @throws QueryException.BadData with Prometheus' message
     */
    public static long parseTime(String text) {
        if (FLOAT.matcher(text).matches()) {
            double seconds = Double.parseDouble(text);
            if (Math.abs(seconds) > TIME_MILLIS_MAX / 1000.0) {
                throw cannotParse(text, "timestamp");
            }
            double whole = Math.floor(seconds);
            return (long) whole * 1000 + Math.round((seconds - whole) * 1000);
        }
        try {
            long millis = OffsetDateTime.parse(text).toInstant().toEpochMilli();
            if (Math.abs(millis) > TIME_MILLIS_MAX) {
                throw cannotParse(text, "timestamp");
            }
            return millis;
        } catch (DateTimeException | ArithmeticException e) {
            throw cannotParse(text, "timestamp");
        }
    }

    /**
     * Ms of a duration; parts of a ms are cut off.
     *
     * @throws QueryException.BadData with Prometheus' message
     */
    public static long parseDuration(String text) {
        if (FLOAT.matcher(text).matches()) {
            // To the nearest ns first: 65.362 * 1000 is less than 65362, and 1.001 * 1e9 is less than 1001000000.
            double nanos = Double.parseDouble(text) * 1e9;
            if (Math.abs(nanos) > (double) Long.MAX_VALUE) {
                throw new QueryException.BadData(
                        "cannot parse " + quote(text) + " to a valid duration. It overflows int64");
            }
            return Math.round(nanos) / 1_000_000;
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
            Math.multiplyExact(millis, 1_000_000L);
        } catch (ArithmeticException | NumberFormatException e) {
            throw cannotParse(text, "duration");
        }
        return millis;
    }

    private static QueryException.BadData cannotParse(String text, String what) {
        return new QueryException.BadData("cannot parse " + quote(text) + " to a valid " + what);
    }

    /** Text in double quotes with Go's escapes. */
    static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
