package io.weir.eventstats.stats.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.weir.eventstats.stats.paging.RawPages;
import io.weir.eventstats.stats.query.Arguments;
import io.weir.eventstats.stats.query.QueryResult;
import io.weir.eventstats.stats.query.TimeRange;
import io.weir.eventstats.stats.registry.Column;
import io.weir.eventstats.stats.registry.Parameter;
import io.weir.eventstats.stats.registry.ParameterType;
import io.weir.eventstats.stats.registry.StatsQuery;
import io.weir.eventstats.stats.registry.Window;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes what follows {@code success} and {@code statusCode} in successful answers. */
final class StatsJson {
    private StatsJson() {}

    /** {@code data}, and {@code pagination} with EventGate's fields and {@code next}. */
    static void page(JsonGenerator json, RawPages.Page page) throws IOException {
        data(json, page.data());
        json.writeObjectFieldStart("pagination");
        Long cursor = page.cursor();
        if (cursor == null) {
            json.writeNullField("cursor");
        } else {
            json.writeNumberField("cursor", cursor);
        }
        json.writeBooleanField("has_more", cursor != null);
        json.writeNumberField("limit", page.limit());
        json.writeStringField("next", page.next());
        json.writeEndObject();
    }

    static void result(JsonGenerator json, StatsQuery query, Arguments arguments, QueryResult result)
            throws IOException {
        json.writeStringField("query", query.name());
        json.writeStringField("topic", query.topic());
        json.writeObjectFieldStart("params");
        for (Map.Entry<String, Long> asked : arguments.asked().entrySet()) {
            json.writeNumberField(asked.getKey(), asked.getValue());
        }
        for (Map.Entry<String, @Nullable Object> value : arguments.values().entrySet()) {
            json.writeFieldName(value.getKey());
            value(json, value.getValue());
        }
        json.writeEndObject();
        json.writeFieldName("window");
        if (result.window().isPresent()) {
            TimeRange window = result.window().get();
            json.writeStartObject();
            json.writeNumberField("start", window.startMillis());
            json.writeNumberField("end", window.endMillis());
            json.writeEndObject();
        } else {
            json.writeNull();
        }
        columns(json, query.columns());
        data(json, result.data());
        json.writeNumberField("row_count", result.rowCount());
        json.writeBooleanField("truncated", result.truncated());
        json.writeStringField(
                "generated_at", Instant.ofEpochMilli(result.generatedMillis()).toString());
    }

    static void queries(JsonGenerator json, String topic, List<StatsQuery> queries) throws IOException {
        json.writeStringField("topic", topic);
        json.writeArrayFieldStart("queries");
        for (StatsQuery query : queries) {
            json.writeStartObject();
            json.writeStringField("name", query.name());
            json.writeStringField("description", query.description());
            json.writeArrayFieldStart("params");
            if (query.window().isPresent()) {
                window(json, query.window().get());
            }
            for (Parameter parameter : query.parameters()) {
                parameter(json, parameter);
            }
            json.writeEndArray();
            columns(json, query.columns());
            json.writeNumberField("max_rows", query.rowsMax());
            json.writeNumberField("timeout_ms", query.timeoutMillis());
            json.writeNumberField("cache_ttl_s", query.cacheMillis() / 1_000);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void window(JsonGenerator json, Window window) throws IOException {
        days(json, window, Window.DAYS, "Window of time: days back from now; instead of timestamp_start and _end");
        for (String alias : window.aliases()) {
            days(json, window, alias, "The same as " + Window.DAYS);
        }
        timestamp(json, Window.START, "Start of the window, inclusive, epoch ms");
        timestamp(json, Window.END, "End of the window, inclusive, epoch ms; now without it");
    }

    private static void days(JsonGenerator json, Window window, String name, String description) throws IOException {
        parameter(
                json,
                new Parameter(
                        name,
                        ParameterType.INTEGER,
                        description,
                        false,
                        (long) window.daysDefault(),
                        1L,
                        (long) window.daysMax(),
                        List.of()));
    }

    private static void timestamp(JsonGenerator json, String name, String description) throws IOException {
        parameter(json, new Parameter(name, ParameterType.INTEGER, description, false, null, null, null, List.of()));
    }

    private static void parameter(JsonGenerator json, Parameter parameter) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", parameter.name());
        json.writeStringField("type", parameter.type().text());
        json.writeStringField("description", parameter.description());
        json.writeBooleanField("required", parameter.required());
        json.writeFieldName("default");
        value(json, parameter.defaultValue());
        boolean text = parameter.type() == ParameterType.STRING;
        json.writeFieldName(text ? "min_length" : "min");
        value(json, parameter.min());
        json.writeFieldName(text ? "max_length" : "max");
        value(json, parameter.max());
        if (!parameter.allowed().isEmpty()) {
            json.writeArrayFieldStart("enum");
            for (String allowed : parameter.allowed()) {
                json.writeString(allowed);
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private static void columns(JsonGenerator json, List<Column> columns) throws IOException {
        json.writeArrayFieldStart("columns");
        for (Column column : columns) {
            json.writeStartObject();
            json.writeStringField("name", column.name());
            json.writeStringField("type", column.type().text());
            if (!column.description().isEmpty()) {
                json.writeStringField("description", column.description());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void data(JsonGenerator json, byte[] rows) throws IOException {
        json.writeFieldName("data");
        json.writeRawValue(new String(rows, StandardCharsets.UTF_8));
    }

    private static void value(JsonGenerator json, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> json.writeNull();
            case Long number -> json.writeNumber(number);
            case Double number -> json.writeNumber(number);
            case Boolean flag -> json.writeBoolean(flag);
            case String text -> json.writeString(text);
            default -> throw new IllegalStateException("a parameter is never a " + value.getClass());
        }
    }
}
