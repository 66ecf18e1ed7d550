package io.weir.workcoord;

import org.jspecify.annotations.Nullable;

/** Assertions that are always on: a failed one is a defect of this program, never of its input. */
public final class Check {
    private Check() {}

    /** @throws IllegalStateException with the message if the value is there */
    public static void isNull(@Nullable Object value, String message) {
        if (value != null) {
            throw new IllegalStateException(message);
        }
    }

    /** @throws IllegalStateException with the message if the numbers differ */
    public static void equal(long actual, long expected, String message) {
        if (actual != expected) {
            throw new IllegalStateException(message + ": " + actual + " is not " + expected);
        }
    }

    /** @throws IllegalStateException with the message if the value is above the limit */
    public static void atMost(long value, long limit, String message) {
        if (value > limit) {
            throw new IllegalStateException(message + ": " + value + " is above " + limit);
        }
    }

    /** @throws IllegalArgumentException naming the setting if the value is outside [min, max] */
    public static void range(String setting, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    setting + " is " + value + "; set it to a value from " + min + " to " + max);
        }
    }
}
