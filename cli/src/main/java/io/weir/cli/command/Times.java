package io.weir.cli.command;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations and times as people write them on a command line. */
final class Times {
    private static final Pattern PART = Pattern.compile("(\\d+)(ms|s|m|h|d|w|y)");

    /** What a double holds exactly. */
    private static final double MILLIS_MAX = 1L << 53;

    private Times() {}

    /** A duration such as 90s, 1h30m or 500ms. */
    static Duration duration(String text) {
        Matcher matcher = PART.matcher(text);
        long millis = 0;
        int end = 0;
        while (matcher.find() && matcher.start() == end) {
            long unit = switch (matcher.group(2)) {
                case "ms" -> 1L;
                case "s" -> 1_000L;
                case "m" -> 60_000L;
                case "h" -> 3_600_000L;
                case "d" -> 86_400_000L;
                case "w" -> 7 * 86_400_000L;
                default -> 365 * 86_400_000L;
            };
            millis = plus(text, millis, matcher.group(1), unit);
            end = matcher.end();
        }
        if (end == 0 || end != text.length()) {
            throw new IllegalArgumentException("'" + text + "' is no duration; write it as 90s, 15m, 1h30m or 500ms");
        }
        return Duration.ofMillis(millis);
    }

    private static long plus(String text, long millis, String number, long unitMillis) {
        try {
            return Math.addExact(millis, Math.multiplyExact(Long.parseLong(number), unitMillis));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is too long a duration; write at most 200y", e);
        }
    }

    /** A time: RFC 3339, seconds since 1970, {@code now}, or {@code now-15m}. */
    static long millis(String text, long nowMillis) {
        if (text.equals("now")) {
            return nowMillis;
        }
        if (text.startsWith("now-")) {
            return nowMillis - duration(text.substring(4)).toMillis();
        }
        try {
            if (text.contains("T")) {
                return Instant.parse(text).toEpochMilli();
            }
            double millis = Double.parseDouble(text) * 1000;
            if (!(Math.abs(millis) <= MILLIS_MAX)) {
                throw noTime(text, null);
            }
            return Math.round(millis);
        } catch (NumberFormatException | DateTimeParseException | ArithmeticException e) {
            throw noTime(text, e);
        }
    }

    private static IllegalArgumentException noTime(String text, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "'" + text + "' is no time; write 2026-11-21T12:00:00Z, seconds since 1970, now, or now-15m", cause);
    }

    /** Lets picocli read durations. */
    static final class DurationConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                return duration(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }
}
