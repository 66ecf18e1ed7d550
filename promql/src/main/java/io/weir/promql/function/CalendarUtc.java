package io.weir.promql.function;

/**
 * Parts of the date and time, in UTC, of a number of seconds since 1970; fractions are cut off.
 *
 * <p>NaN and numbers that are no 64-bit integer become 2^63 seconds, as they do in Go on amd64.
 */
public final class CalendarUtc {
    private static final long SECONDS_PER_DAY = 86_400;
    /** Days from 0000-03-01 to 1970-01-01. */
    private static final long DAYS_TO_EPOCH = 719_468;

    private static final long DAYS_PER_ERA = 146_097;

    private CalendarUtc() {}

    private static boolean isInteger(double unixSeconds) {
        return unixSeconds > -0x1p63 && unixSeconds < 0x1p63;
    }

    private static long day(double unixSeconds) {
        return isInteger(unixSeconds)
                ? Math.floorDiv((long) unixSeconds, SECONDS_PER_DAY)
                : Long.divideUnsigned(Long.MIN_VALUE, SECONDS_PER_DAY);
    }

    private static long secondOfDay(double unixSeconds) {
        return isInteger(unixSeconds)
                ? Math.floorMod((long) unixSeconds, SECONDS_PER_DAY)
                : Long.remainderUnsigned(Long.MIN_VALUE, SECONDS_PER_DAY);
    }

    public static int minute(double unixSeconds) {
        return (int) (secondOfDay(unixSeconds) / 60 % 60);
    }

    public static int hour(double unixSeconds) {
        return (int) (secondOfDay(unixSeconds) / 3600);
    }

    /** 0 is Sunday. */
    public static int dayOfWeek(double unixSeconds) {
        return (int) Math.floorMod(day(unixSeconds) + 4, 7L);
    }

    public static int dayOfMonth(double unixSeconds) {
        int marchDay = marchDay(unixSeconds);
        return marchDay - (153 * marchMonth(marchDay) + 2) / 5 + 1;
    }

    /** From 1. */
    public static int dayOfYear(double unixSeconds) {
        int marchDay = marchDay(unixSeconds);
        // January and February come after 306 days of a year that starts in March
        return marchDay >= 306 ? marchDay - 305 : marchDay + 60 + (isLeap(year(unixSeconds)) ? 1 : 0);
    }

    public static int daysInMonth(double unixSeconds) {
        return switch (month(unixSeconds)) {
            case 2 -> isLeap(year(unixSeconds)) ? 29 : 28;
            case 4, 6, 9, 11 -> 30;
            default -> 31;
        };
    }

    /** From 1. */
    public static int month(double unixSeconds) {
        int marchMonth = marchMonth(marchDay(unixSeconds));
        return marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
    }

    public static long year(double unixSeconds) {
        long sinceMarchZero = day(unixSeconds) + DAYS_TO_EPOCH;
        long era = Math.floorDiv(sinceMarchZero, DAYS_PER_ERA);
        long year = era * 400 + yearOfEra(Math.floorMod(sinceMarchZero, DAYS_PER_ERA));
        return marchDay(unixSeconds) >= 306 ? year + 1 : year;
    }

    private static boolean isLeap(long year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }

    /** Day of the year, from 0, of a year that starts on March 1. */
    private static int marchDay(double unixSeconds) {
        long dayOfEra = Math.floorMod(day(unixSeconds) + DAYS_TO_EPOCH, DAYS_PER_ERA);
        long yearOfEra = yearOfEra(dayOfEra);
        return (int) (dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100));
    }

    private static long yearOfEra(long dayOfEra) {
        return (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
    }

    /** Month from 0 for March. */
    private static int marchMonth(int marchDay) {
        return (5 * marchDay + 2) / 153;
    }
}
