package io.weir.queryapi.sse;

import io.weir.promql.error.QueryException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The times of a streaming request: epoch digits (seconds up to 2147483647, else ms), RFC 3339, {@code now}, {@code epoch}, {@code e} (the
 * end, for the start only), each with an optional {@code +dur} or {@code -dur} (lakerunner.md section 1.2).
 */
final class SseTimes {
    private static final long SECONDS_MAX = Integer.MAX_VALUE;
    private static final Pattern DIGITS = Pattern.compile("\\d{1,18}");
    private static final Pattern RELATIVE = Pattern.compile("(now|epoch|e)(?:([+-])(.+))?");
    private static final Pattern DURATION_PART = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|us|ns|[wdhms])");
    private static final double TIME_MILLIS_MAX = 1L << 53;

    private SseTimes() {}

    /**
     * Ms of a time.
     *
     * @param endMillis what {@code e} stands for; null where it is not allowed
     */
    static long parse(String field, String text, long nowMillis, @Nullable Long endMillis) {
        if (DIGITS.matcher(text).matches()) {
            long digits = Long.parseLong(text);
            return digits <= SECONDS_MAX ? digits * 1000 : digits;
        }
        Matcher relative = RELATIVE.matcher(text);
        if (relative.matches()) {
            return base(field, relative.group(1), nowMillis, endMillis)
                    + ("-".equals(relative.group(2)) ? -1 : 1)
                            * (relative.group(3) == null ? 0 : duration(field, relative.group(3)));
        }
        try {
            return OffsetDateTime.parse(text).toInstant().toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw bad(field, text);
        }
    }

    private static long base(String field, String name, long nowMillis, @Nullable Long endMillis) {
        if (name.equals("now")) {
            return nowMillis;
        }
        if (name.equals("epoch")) {
            return 0;
        }
        if (endMillis == null) {
            throw new QueryException.BadData("field \"" + field + "\" cannot be relative to the end; use now or a time");
        }
        return endMillis;
    }

    /** Ms of a Go duration, with {@code d} and {@code w} as well. */
    static long duration(String field, String text) {
        Matcher part = DURATION_PART.matcher(text);
        double millis = 0;
        int at = 0;
        while (part.lookingAt()) {
            millis += Double.parseDouble(part.group(1)) * unitMillis(part.group(2).toLowerCase(Locale.ROOT));
            at = part.end();
            part.region(at, text.length());
        }
        if (at != text.length() || at == 0 || millis > TIME_MILLIS_MAX) {
            throw new QueryException.BadData("field \"" + field + "\": \"" + text
                    + "\" is no duration like 30s, 5m, 1h30m or 7d");
        }
        return (long) millis;
    }

    private static double unitMillis(String unit) {
        return switch (unit) {
            case "ns" -> 1e-6;
            case "us" -> 1e-3;
            case "ms" -> 1;
            case "s" -> 1e3;
            case "m" -> 60e3;
            case "h" -> 3600e3;
            case "d" -> 86_400e3;
            case "w" -> 7 * 86_400e3;
            default -> throw new IllegalStateException("unit " + unit);
        };
    }

    private static QueryException.BadData bad(String field, String text) {
        return new QueryException.BadData("field \"" + field + "\": \"" + text
                + "\" is no time; use epoch milliseconds, RFC 3339, or something like now-1h");
    }
}
