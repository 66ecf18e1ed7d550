package io.weir.eventstats.signal.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.eventstats.signal.Snapshot;
import io.weir.eventstats.signal.stream.WatchKey;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** JSON of signals: StellaOps' shapes, and the columns of the table. */
final class SignalJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String SOURCE = "snapshot";
    /** As StellaOps writes times: {@code 2025-12-15T12:00:10+00:00}, with what there is below the second. */
    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE_TIME)
            .appendOffset("+HH:MM", "+00:00")
            .toFormatter(Locale.ROOT);

    private SignalJson() {}

    /** The answer to a look-up. */
    static byte[] answer(WatchKey.Scope scope, Snapshot snapshot, String tag) {
        ObjectNode body = MAPPER.createObjectNode();
        if (scope == WatchKey.Scope.JOB) {
            body.put("jobId", snapshot.jobId().toString());
        }
        body.put("runId", snapshot.runId() == null ? null : snapshot.runId().toString());
        ObjectNode first = body.putObject("firstSignal");
        first.put("type", snapshot.kind().text());
        first.put("stage", snapshot.phase().text());
        first.putNull("step");
        first.put("message", snapshot.summary());
        first.put("at", time(snapshot.updatedAt()));
        first.putObject("artifact").put("kind", text(scope)).putNull("range");
        body.put("summaryEtag", tag);
        ObjectNode signal = body.putObject("signal");
        signal.put("jobId", snapshot.jobId().toString());
        signal.put("kind", snapshot.kind().text());
        signal.put("phase", snapshot.phase().text());
        signal.put("summary", snapshot.summary());
        signal.put("etaSeconds", snapshot.etaSeconds());
        signal.set("lastKnownOutcome", tree(snapshot.lastKnownOutcome()));
        signal.set("nextActions", tree(snapshot.nextActions()));
        signal.set("diagnostics", tree(snapshot.diagnostics()));
        signal.put("updatedAt", time(snapshot.updatedAt()));
        return bytes(body);
    }

    /** The data of an event {@code first_signal}. */
    static byte[] event(WatchKey key, Snapshot snapshot, String tag) {
        ObjectNode body = MAPPER.createObjectNode();
        body.put("runId", snapshot.runId() == null ? null : snapshot.runId().toString());
        body.put("etag", tag);
        ObjectNode signal = body.putObject("signal");
        signal.put("version", "1.0");
        signal.put("signalId", snapshot.jobId() + "/" + snapshot.seq());
        signal.put("jobId", snapshot.jobId().toString());
        signal.put("timestamp", time(snapshot.updatedAt()));
        signal.put("kind", snapshot.kind().number());
        signal.put("phase", snapshot.phase().number());
        signal.putObject("scope")
                .put("type", text(key.scope()))
                .put("id", key.id().toString());
        signal.put("summary", snapshot.summary());
        signal.put("etaSeconds", snapshot.etaSeconds());
        signal.set("lastKnownOutcome", tree(snapshot.lastKnownOutcome()));
        signal.set("nextActions", tree(snapshot.nextActions()));
        signal.set("diagnostics", diagnostics(snapshot));
        return bytes(body);
    }

    /** The writer's, and where the signal came from. A writer's value of another type than an object is left out. */
    private static ObjectNode diagnostics(Snapshot snapshot) {
        ObjectNode all = MAPPER.createObjectNode().put("cacheHit", true).put("source", SOURCE);
        if (tree(snapshot.diagnostics()) instanceof ObjectNode own) {
            all.setAll(own);
        }
        return all;
    }

    private static String text(WatchKey.Scope scope) {
        return scope.name().toLowerCase(Locale.ROOT);
    }

    static String time(Instant instant) {
        return TIME.format(OffsetDateTime.ofInstant(instant, ZoneOffset.UTC));
    }

    private static @Nullable JsonNode tree(@Nullable String json) {
        try {
            return json == null ? null : MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the database's JSON cannot be read", e);
        }
    }

    private static byte[] bytes(ObjectNode body) {
        try {
            return MAPPER.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can be written", e);
        }
    }
}
