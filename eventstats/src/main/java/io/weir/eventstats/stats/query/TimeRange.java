package io.weir.eventstats.stats.query;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A window of time.
 *
 * @param startMillis epoch, inclusive
 * @param endMillis epoch, inclusive
 */
public record TimeRange(long startMillis, long endMillis) {
    /** The days before a moment; as far back as a long goes. */
    public static TimeRange daysBefore(long endMillis, long days) {
        long start = endMillis - TimeUnit.DAYS.toMillis(days);
        return new TimeRange(start > endMillis ? Long.MIN_VALUE : start, endMillis);
    }

    /**
     * From the fields {@code timestamp_start} and {@code timestamp_end}; the end is now if only the start is there, the start the default days
     * before the end if only that is there.
     */
    public static TimeRange of(@Nullable Long start, @Nullable Long end, long nowMillis, long daysDefault)
            throws BadFieldException {
        long endMillis = end == null ? nowMillis : end;
        long startMillis = start == null ? daysBefore(endMillis, daysDefault).startMillis() : start;
        if (startMillis > endMillis) {
            throw BadFieldException.of("timestamp_start", "must not be after 'timestamp_end' (" + endMillis + ").");
        }
        return new TimeRange(startMillis, endMillis);
    }

    /** A timestamp of a body; null if it is not there or null. */
    public static @Nullable Long timestamp(JsonNode body, String field) throws BadFieldException {
        JsonNode value = body.get(field);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw BadFieldException.of(field, "must be an integer (epoch ms).");
        }
        return value.longValue();
    }
}
