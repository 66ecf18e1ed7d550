package io.weir.eventstats.stats.paging;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.query.BadFieldException;
import io.weir.eventstats.stats.query.TimeRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A request for raw rows.
 *
 * @param before rows with a smaller {@code internal_id} only
 */
public record PageRequest(TimeRange window, OptionalLong before, int limit) {
    static final int LIMIT_DEFAULT = 50;
    static final int LIMIT_MAX = 1_000;
    private static final int WINDOW_DAYS = 7;
    private static final List<String> FIELDS = List.of("timestamp_start", "timestamp_end", "cursor", "limit");

    /**
     * Reads a body: EventGate's fields, types, defaults and messages, in its order.
     *
     * @throws BadFieldException if a field is unknown or cannot be used
     */
    public static PageRequest of(String topic, RowFilter filter, ObjectNode body, long nowMillis)
            throws BadFieldException {
        for (Map.Entry<String, JsonNode> field : body.properties()) {
            if (!FIELDS.contains(field.getKey())) {
                throw BadFieldException.of(field.getKey(), "is unknown; fields are " + String.join(", ", FIELDS) + ".");
            }
        }
        Long start = TimeRange.timestamp(body, "timestamp_start");
        Long end = TimeRange.timestamp(body, "timestamp_end");
        JsonNode cursor = body.get("cursor");
        boolean first = cursor == null || cursor.isNull();
        boolean integer = !first && cursor.isIntegralNumber() && cursor.canConvertToLong();
        if (!first && !integer && !cursor.isTextual()) {
            throw BadFieldException.of("cursor", "must be an integer (internal_id) or the text of 'next'.");
        }
        int limit = limit(body.get("limit"));
        if (first || integer) {
            return new PageRequest(
                    TimeRange.of(start, end, nowMillis, WINDOW_DAYS),
                    first ? OptionalLong.empty() : OptionalLong.of(cursor.longValue()),
                    limit);
        }
        return next(topic, filter, cursor.textValue(), start, end, limit);
    }

    private static PageRequest next(
            String topic, RowFilter filter, String text, @Nullable Long start, @Nullable Long end, int limit)
            throws BadFieldException {
        Optional<PageCursor> cursor = PageCursor.parse(text, topic, filter);
        if (cursor.isEmpty()) {
            throw BadFieldException.of(
                    "cursor", "is not the 'next' of an earlier page of this topic; start without a cursor.");
        }
        TimeRange window = cursor.get().window();
        if ((start != null && start != window.startMillis()) || (end != null && end != window.endMillis())) {
            throw BadFieldException.of(
                    "cursor",
                    "is of another window (" + window.startMillis() + " to " + window.endMillis()
                            + "); leave the window out, or start without a cursor.");
        }
        return new PageRequest(window, OptionalLong.of(cursor.get().internalId()), limit);
    }

    private static int limit(@Nullable JsonNode limit) throws BadFieldException {
        if (limit == null) {
            return LIMIT_DEFAULT;
        }
        if (!limit.isIntegralNumber() || limit.bigIntegerValue().signum() < 1) {
            throw BadFieldException.of("limit", "must be a positive integer.");
        }
        return limit.canConvertToInt() ? Math.min(limit.intValue(), LIMIT_MAX) : LIMIT_MAX;
    }
}
