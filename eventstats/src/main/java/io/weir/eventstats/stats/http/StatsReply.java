package io.weir.eventstats.stats.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * An answer.
 *
 * @param body JSON
 */
record StatsReply(int status, byte[] body, Map<String, String> headers) {
    private static final JsonFactory JSON = new JsonFactory();

    /** Writes the fields of an answer. */
    @FunctionalInterface
    interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    static StatsReply of(int status, Fields fields) {
        return new StatsReply(status, json(fields), Map.of());
    }

    /** A success, in EventGate's shape, with more fields. */
    static StatsReply success(Fields fields) {
        return of(200, json -> {
            json.writeBooleanField("success", true);
            json.writeNumberField("statusCode", 200);
            fields.write(json);
        });
    }

    /** An error, in EventGate's shape. */
    static StatsReply of(StatsProblem problem) {
        byte[] body = json(json -> {
            json.writeBooleanField("success", false);
            json.writeNumberField("statusCode", problem.status());
            json.writeArrayFieldStart("errors");
            json.writeStartObject();
            json.writeStringField("type", problem.type());
            json.writeStringField("message", problem.getMessage());
            json.writeEndObject();
            json.writeEndArray();
        });
        return new StatsReply(problem.status(), body, problem.headers());
    }

    private static byte[] json(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail", e);
        }
        return bytes.toByteArray();
    }
}
