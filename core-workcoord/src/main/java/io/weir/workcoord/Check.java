package io.weir.workcoord;

/** Assertions that are always on: a failed one is a defect of this program, never of its input. */
public final class Check {
    private Check() {}

    /** @throws IllegalStateException with the message if the condition does not hold */
    public static void that(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
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
