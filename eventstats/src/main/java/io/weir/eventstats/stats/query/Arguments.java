package io.weir.eventstats.stats.query;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.eventstats.stats.registry.Parameter;
import io.weir.eventstats.stats.registry.ParameterType;
import io.weir.eventstats.stats.registry.ParameterValues;
import io.weir.eventstats.stats.registry.StatsQuery;
import io.weir.eventstats.stats.registry.Window;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The values that a query runs with.
 *
 * @param values by name of the declared parameter; null for SQL's NULL
 * @param window the window of time, if the query has one
 * @param asked what decides the window as the request put it, for the answer and for finding a kept result: the window of
 *     {@code window_days} moves with the clock, what was asked does not
 */
public record Arguments(Map<String, @Nullable Object> values, Optional<TimeRange> window, Map<String, Long> asked) {
    /**
     * Reads a request's body.
     *
     * @throws BadFieldException if a field is unknown, missing, of another type or out of its range
     */
    public static Arguments of(StatsQuery query, ObjectNode body, long nowMillis) throws BadFieldException {
        requireKnown(query, body);
        Map<String, Long> asked = new LinkedHashMap<>();
        Optional<TimeRange> range = Optional.empty();
        if (query.window().isPresent()) {
            range = Optional.of(window(query.window().get(), body, nowMillis, asked));
        }
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        for (Parameter parameter : query.parameters()) {
            values.put(parameter.name(), value(parameter, body.get(parameter.name())));
        }
        return new Arguments(values, range, asked);
    }

    private static void requireKnown(StatsQuery query, ObjectNode body) throws BadFieldException {
        List<String> known = new ArrayList<>();
        query.window().ifPresent(window -> {
            known.addAll(List.of(Window.DAYS, Window.START, Window.END));
            known.addAll(window.aliases());
        });
        query.parameters().forEach(parameter -> known.add(parameter.name()));
        for (Map.Entry<String, JsonNode> field : body.properties()) {
            if (!known.contains(field.getKey())) {
                throw BadFieldException.of(
                        field.getKey(), "is unknown; fields of this query are " + String.join(", ", known) + ".");
            }
        }
    }

    private static TimeRange window(Window window, ObjectNode body, long nowMillis, Map<String, Long> asked)
            throws BadFieldException {
        Long start = TimeRange.timestamp(body, Window.START);
        Long end = TimeRange.timestamp(body, Window.END);
        String daysField = null;
        List<String> names = new ArrayList<>(List.of(Window.DAYS));
        names.addAll(window.aliases());
        for (String name : names) {
            if (body.has(name) && !body.get(name).isNull()) {
                if (daysField != null) {
                    throw BadFieldException.of(name, "is the same as '" + daysField + "': give one of them.");
                }
                daysField = name;
            }
        }
        if (daysField == null && (start != null || end != null)) {
            TimeRange range = TimeRange.of(start, end, nowMillis, window.daysDefault());
            if (start != null) {
                asked.put(Window.START, start);
            }
            if (end != null) {
                asked.put(Window.END, end);
            }
            return range;
        }
        long days = daysField == null ? window.daysDefault() : days(window, daysField, body.get(daysField));
        if (daysField != null && (start != null || end != null)) {
            throw BadFieldException.of(
                    daysField, "cannot be given together with '" + Window.START + "' or '" + Window.END + "'.");
        }
        asked.put(daysField == null ? Window.DAYS : daysField, days);
        return TimeRange.daysBefore(nowMillis, days);
    }

    private static long days(Window window, String field, JsonNode value) throws BadFieldException {
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < 1
                || value.longValue() > window.daysMax()) {
            throw BadFieldException.of(field, "must be an integer between 1 and " + window.daysMax() + ".");
        }
        return value.longValue();
    }

    private static @Nullable Object value(Parameter parameter, @Nullable JsonNode given) throws BadFieldException {
        if (given == null || given.isNull()) {
            if (parameter.required()) {
                throw BadFieldException.of(parameter.name(), "is required.");
            }
            return parameter.defaultValue();
        }
        Object value = typed(parameter, given);
        Optional<String> refusal = ParameterValues.refusal(parameter, value);
        if (refusal.isPresent()) {
            throw BadFieldException.of(parameter.name(), refusal.get());
        }
        return value;
    }

    private static Object typed(Parameter parameter, JsonNode given) throws BadFieldException {
        ParameterType type = parameter.type();
        boolean fits = switch (type) {
            case STRING -> given.isTextual();
            case INTEGER -> given.isIntegralNumber() && given.canConvertToLong();
            case NUMBER -> given.isNumber() && Double.isFinite(given.doubleValue());
            case BOOLEAN -> given.isBoolean();
        };
        if (!fits) {
            throw BadFieldException.of(
                    parameter.name(), "must be " + (type == ParameterType.INTEGER ? "an " : "a ") + type.text() + ".");
        }
        return switch (type) {
            case STRING -> given.textValue();
            case INTEGER -> given.longValue();
            case NUMBER -> given.doubleValue();
            case BOOLEAN -> given.booleanValue();
        };
    }
}
