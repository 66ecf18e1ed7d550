package io.weir.queryapi.sse;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.promql.error.QueryException;
import io.weir.promql.series.StepGrid;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /api/v1/metrics/query}.
 *
 * @param query PromQL; empty where the endpoint allows it
 * @param limit most result frames; 0 for all
 * @param fields labels shown in {@code tags}; empty for all
 * @param summary whether each series is summed up in one frame instead of sent point by point
 * @param matrix whether labels are sent once per series and values once per step
 * @param timeoutMillis 0 for the server's own
 */
record SseRequest(
        String query,
        long startMillis,
        long endMillis,
        long stepMillis,
        boolean reverse,
        int limit,
        List<String> fields,
        boolean summary,
        boolean matrix,
        boolean progress,
        long timeoutMillis,
        JsonNode body) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** Steps by length of the range, in seconds (lakerunner.md section 5.2). */
    private static final long[][] STEPS = {
        {65 * 60, 10}, {12 * 3600, 60}, {24 * 3600, 300}, {3 * 86_400, 1200}, {Long.MAX_VALUE / 1000, 3600}
    };

    private static final long[] ROUND_STEPS_SECONDS = {
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400
    };

    StepGrid grid() {
        return new StepGrid(startMillis, endMillis, stepMillis);
    }

    /** The query of a body that may be anything; empty if it has none. */
    static String queryOf(byte[] bytes) {
        try {
            return text(read(bytes), "q", "");
        } catch (QueryException.BadData e) {
            return "";
        }
    }

    /**
     * Reads a body.
     *
     * @param startDefault text of the start if there is none
     * @throws QueryException.BadData naming the field that is wrong
     */
    static SseRequest parse(byte[] bytes, long nowMillis, String startDefault) {
        JsonNode body = read(bytes);
        long end = SseTimes.parse("e", text(body, "e", "now"), nowMillis, null);
        long start = SseTimes.parse("s", text(body, "s", startDefault), nowMillis, end);
        if (end < start) {
            throw new QueryException.BadData("field \"e\": the end is before the start");
        }
        long step = step(body, end - start);
        boolean chosen = !body.hasNonNull("step");
        String format = text(body, "format", "points");
        if (!format.equals("points") && !format.equals("matrix")) {
            throw new QueryException.BadData(
                    "field \"format\": must be \"points\" or \"matrix\", not \"" + format + "\"");
        }
        return new SseRequest(
                text(body, "q", ""),
                chosen ? Math.floorDiv(start, step) * step : start,
                end,
                step,
                flag(body, "reverse"),
                limit(body),
                fields(body),
                flag(body, "summary"),
                format.equals("matrix"),
                flag(body, "progress"),
                timeout(body),
                body);
    }

    static JsonNode read(byte[] bytes) {
        JsonNode body;
        try {
            body = bytes.length == 0 ? JSON.createObjectNode() : JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new QueryException.BadData("invalid JSON body: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new QueryException.BadData("invalid JSON body: " + e.getMessage());
        }
        if (!body.isObject()) {
            throw new QueryException.BadData(
                    "invalid JSON body: it must be an object like {\"s\":\"now-1h\",\"q\":\"up\"}");
        }
        return body;
    }

    static String text(JsonNode body, String field, String otherwise) {
        JsonNode node = body.get(field);
        if (node == null
                || node.isNull()
                || (node.isTextual() && node.textValue().isEmpty())) {
            return otherwise;
        }
        if (node.isTextual()) {
            return node.textValue();
        }
        if (node.isIntegralNumber()) {
            return node.asText();
        }
        throw new QueryException.BadData("field \"" + field + "\" must be a string");
    }

    private static boolean flag(JsonNode body, String field) {
        JsonNode node = body.get(field);
        if (node == null || node.isNull()) {
            return false;
        }
        if (!node.isBoolean()) {
            throw new QueryException.BadData("field \"" + field + "\" must be true or false");
        }
        return node.booleanValue();
    }

    private static int limit(JsonNode body) {
        JsonNode node = body.get("limit");
        if (node == null || node.isNull()) {
            return 0;
        }
        if (!node.canConvertToInt() || !node.isIntegralNumber() || node.intValue() < 0) {
            throw new QueryException.BadData("field \"limit\" must be a whole number that is not negative");
        }
        return node.intValue();
    }

    private static List<String> fields(JsonNode body) {
        JsonNode node = body.get("fields");
        List<String> fields = new ArrayList<>();
        if (node == null || node.isNull()) {
            return fields;
        }
        if (!node.isArray()) {
            throw new QueryException.BadData("field \"fields\" must be a list of label names");
        }
        for (JsonNode element : node) {
            if (!element.isTextual()) {
                throw new QueryException.BadData("field \"fields\" must be a list of label names");
            }
            fields.add(element.textValue());
        }
        return fields;
    }

    private static long timeout(JsonNode body) {
        JsonNode node = body.get("timeout");
        if (node == null || node.isNull()) {
            return 0;
        }
        long millis = durationOrSeconds("timeout", node);
        if (millis <= 0) {
            throw new QueryException.BadData("field \"timeout\" must be positive");
        }
        return millis;
    }

    /** Ms of a step: given, or fitting the number of points wanted, or by the length of the range. */
    private static long step(JsonNode body, long rangeMillis) {
        JsonNode given = body.get("step");
        if (given != null && !given.isNull()) {
            long millis = durationOrSeconds("step", given);
            if (millis <= 0) {
                throw new QueryException.BadData("field \"step\" must be positive");
            }
            return millis;
        }
        @Nullable JsonNode points = body.get("maxDataPoints");
        if (points != null && !points.isNull()) {
            if (!points.isIntegralNumber() || !points.canConvertToInt() || points.intValue() <= 0) {
                throw new QueryException.BadData("field \"maxDataPoints\" must be a positive whole number");
            }
            return roundStep(rangeMillis, points.intValue());
        }
        for (long[] step : STEPS) {
            if (rangeMillis <= step[0] * 1000) {
                return step[1] * 1000;
            }
        }
        throw new IllegalStateException("range " + rangeMillis);
    }

    /** The smallest round step that gives at most so many points, the point added by aligning the start included. */
    private static long roundStep(long rangeMillis, int points) {
        for (long seconds : ROUND_STEPS_SECONDS) {
            if (rangeMillis / (seconds * 1000) + 2 <= points) {
                return seconds * 1000;
            }
        }
        long day = 86_400_000L;
        return Math.ceilDiv(Math.max(1, rangeMillis / Math.max(1, points - 1)), day) * day;
    }

    private static long durationOrSeconds(String field, JsonNode node) {
        if (node.isNumber()) {
            double millis = node.doubleValue() * 1000;
            if (!(Math.abs(millis) < 1e15)) {
                throw new QueryException.BadData("field \"" + field + "\" is too large");
            }
            return (long) millis;
        }
        if (node.isTextual()) {
            return SseTimes.duration(field, node.textValue());
        }
        throw new QueryException.BadData("field \"" + field + "\" must be seconds or a duration like \"30s\"");
    }
}
