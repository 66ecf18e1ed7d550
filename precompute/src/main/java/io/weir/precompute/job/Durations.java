package io.weir.precompute.job;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as PromQL writes them, such as {@code 1h30m}. */
public final class Durations {
    private static final Pattern TEXT = Pattern.compile(
            "(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?");
    private static final String[] UNITS = {"y", "w", "d", "h", "m", "s", "ms"};
    private static final long[] UNIT_MILLIS = {
        365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1
    };

    private Durations() {}

    /**
     * Ms of a duration.
     *
     * @throws IllegalArgumentException if it is none, or too long for a long
     */
    public static long parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (text.isEmpty() || !matcher.matches()) {
            throw new IllegalArgumentException("is no duration such as 30s, 1m or 1h30m");
        }
        long millis = 0;
        try {
            for (int unit = 0; unit < UNITS.length; unit++) {
                String count = matcher.group(unit + 1);
                if (count != null) {
                    millis = Math.addExact(millis, Math.multiplyExact(Long.parseLong(count), UNIT_MILLIS[unit]));
                }
            }
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException("is too long a duration", e);
        }
        return millis;
    }

    /** The shortest text of a duration in days and smaller units: 90,000 ms are {@code 1m30s}. */
    public static String text(long millis) {
        StringBuilder text = new StringBuilder();
        long rest = millis;
        for (int unit = 2; unit < UNITS.length; unit++) {
            if (rest >= UNIT_MILLIS[unit]) {
                text.append(rest / UNIT_MILLIS[unit]).append(UNITS[unit]);
                rest %= UNIT_MILLIS[unit];
            }
        }
        return text.isEmpty() ? "0s" : text.toString();
    }
}
