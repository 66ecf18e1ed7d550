package io.weir.eventstats.telemetry;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.database.StorableJson;
import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.telemetry.TtfsEvent.Client;
import io.weir.eventstats.telemetry.TtfsEvent.Source;
import io.weir.eventstats.telemetry.TtfsEvent.Surface;
import io.weir.eventstats.telemetry.TtfsEvent.Trace;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads events from JSON: fields by the names of the table's columns, and those of StellaOps' {@code ttfs-event.schema.json} ({@code timestamp} for
 * {@code ts}, {@code schema_version}). All or nothing: the error lists what is wrong, each with the event's index and field.
 */
final class TtfsEventReader {
    /** Longest text of a field, in UTF-16 units. */
    static final int TEXT_LENGTH_MAX = 256;
    /** Longest error message, in UTF-16 units. */
    static final int MESSAGE_LENGTH_MAX = 2_048;
    /** Largest metadata of an event, as bytes of JSON. */
    static final int METADATA_BYTES_MAX = 8_192;
    /** Problems that one answer lists. */
    private static final int PROBLEMS_MAX = 20;

    private static final Pattern SCHEMA_VERSION = Pattern.compile("v1\\.\\d{1,9}");
    private static final Set<String> FIELDS = Set.of(
            "schema_version",
            "ts",
            "timestamp",
            "tenant_id",
            "job_id",
            "run_id",
            "surface",
            "event_type",
            "ttfs_ms",
            "cache_hit",
            "signal_source",
            "kind",
            "phase",
            "network_state",
            "device",
            "release",
            "correlation_id",
            "trace_id",
            "span_id",
            "error_code",
            "error_message",
            "metadata");

    private final String tenant;
    private final UUID tenantId;
    private final Instant now;
    private final Duration skewMax;
    private final List<String> problems = new ArrayList<>();
    private String at = "";
    private int unlisted;

    private TtfsEventReader(String tenant, Instant now, Duration skewMax) {
        this.tenant = tenant;
        this.tenantId = TenantIds.of(tenant);
        this.now = now;
        this.skewMax = skewMax;
    }

    /**
     * Reads one event or an array of them.
     *
     * @param tenant of the request; an event that names one must name this
     * @param now stands for a time that is missing or off by more than {@code skewMax}
     * @throws QueryException.BadData if anything is wrong with any of them
     */
    static List<TtfsEvent> read(JsonNode body, String tenant, Instant now, Duration skewMax, int eventsMax) {
        if (!body.isObject() && !body.isArray()) {
            throw new QueryException.BadData("the body must be an event (a JSON object) or an array of events");
        }
        if (body.isArray() && (body.isEmpty() || body.size() > eventsMax)) {
            throw new QueryException.BadData("events: there are " + body.size() + "; event ["
                    + Math.min(body.size(), eventsMax)
                    + "] is one too "
                    + (body.isEmpty()
                            ? "few, send at least 1"
                            : "many: send at most " + eventsMax + " at once (telemetry-events-per-request-max)"));
        }
        TtfsEventReader reader = new TtfsEventReader(tenant, now, skewMax);
        List<TtfsEvent> events = new ArrayList<>();
        if (body.isObject()) {
            reader.event(body, 0, events);
        } else {
            for (int i = 0; i < body.size(); i++) {
                reader.event(body.get(i), i, events);
            }
        }
        reader.throwIfWrong();
        return events;
    }

    private void throwIfWrong() {
        if (!problems.isEmpty()) {
            throw new QueryException.BadData("no event was stored: " + String.join("; ", problems)
                    + (unlisted == 0 ? "" : "; and " + unlisted + " more"));
        }
    }

    private void event(JsonNode node, int index, List<TtfsEvent> events) {
        at = "events[" + index + "]";
        if (!node.isObject()) {
            problem("", "must be a JSON object");
            return;
        }
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!FIELDS.contains(name)) {
                problem("." + JsonRequests.shown(name), "is not a field of an event; put it into metadata");
            }
        }
        int before = problems.size() + unlisted;
        checkVersionAndTenant(node);
        Instant time = time(node);
        UUID jobId = required(node, "job_id", uuid(node, "job_id"));
        UUID runId = uuid(node, "run_id");
        Surface surface = required(node, "surface", one(node, "surface", Surface.values(), Surface::text));
        TtfsEvent.Type type =
                required(node, "event_type", one(node, "event_type", TtfsEvent.Type.values(), TtfsEvent.Type::text));
        Integer millis = required(node, "ttfs_ms", millis(node));
        boolean cacheHit = flag(node, "cache_hit");
        Source source = one(node, "signal_source", Source.values(), Source::text);
        SignalKind kind = one(node, "kind", SignalKind.values(), SignalKind::text);
        SignalPhase phase = one(node, "phase", SignalPhase.values(), SignalPhase::text);
        Client client = new Client(text(node, "network_state"), text(node, "device"), text(node, "release"));
        Trace trace = new Trace(text(node, "correlation_id"), text(node, "trace_id"), text(node, "span_id"));
        String errorCode = text(node, "error_code");
        String errorMessage = text(node, "error_message", MESSAGE_LENGTH_MAX);
        String metadata = metadata(node);
        boolean right = problems.size() + unlisted == before;
        if (right && jobId != null && surface != null && type != null && millis != null) {
            events.add(new TtfsEvent(
                    time,
                    tenantId,
                    jobId,
                    runId,
                    surface,
                    type,
                    millis,
                    cacheHit,
                    source,
                    kind,
                    phase,
                    client,
                    trace,
                    errorCode,
                    errorMessage,
                    metadata));
        }
    }

    private void problem(String field, String what) {
        if (problems.size() < PROBLEMS_MAX) {
            problems.add(at + field + " " + what);
        } else {
            unlisted++;
        }
    }

    private static @Nullable JsonNode value(JsonNode event, String field) {
        JsonNode value = event.get(field);
        return value == null || value.isNull() ? null : value;
    }

    private <T> @Nullable T required(JsonNode event, String field, @Nullable T value) {
        if (value(event, field) == null) {
            problem("." + field, "is missing");
        }
        return value;
    }

    private void checkVersionAndTenant(JsonNode event) {
        String version = text(event, "schema_version");
        if (version != null && !SCHEMA_VERSION.matcher(version).matches()) {
            problem(".schema_version", "must be v1.0 or another v1");
        }
        String named = text(event, "tenant_id");
        if (named != null && !named.equals(tenant) && !TenantIds.of(named).equals(tenantId)) {
            problem(".tenant_id", "is not the tenant of the request; leave it out or send the tenant's events alone");
        }
    }

    /** The client's clock is advice: what is missing or far off becomes the server's time. */
    private Instant time(JsonNode event) {
        if (value(event, "ts") != null && value(event, "timestamp") != null) {
            problem(".timestamp", "and ts are the same field: send one of them");
        }
        String field = value(event, "ts") != null ? "ts" : "timestamp";
        String text = text(event, field);
        if (text == null) {
            return now;
        }
        try {
            Instant time = OffsetDateTime.parse(text.toUpperCase(Locale.ROOT)).toInstant();
            boolean near = Duration.between(time, now).abs().compareTo(skewMax) <= 0;
            return near ? time : now;
        } catch (DateTimeException e) {
            problem("." + field, "must be a time of RFC 3339 such as 2026-01-31T12:00:00Z");
            return now;
        }
    }

    private @Nullable UUID uuid(JsonNode event, String field) {
        JsonNode value = value(event, field);
        if (value == null) {
            return null;
        }
        if (!value.isTextual() || !TenantIds.isUuid(value.textValue())) {
            problem("." + field, "must be a UUID");
            return null;
        }
        return UUID.fromString(value.textValue());
    }

    private @Nullable Integer millis(JsonNode event) {
        JsonNode value = value(event, "ttfs_ms");
        if (value == null) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            problem(".ttfs_ms", "must be a whole number from 0 to " + Integer.MAX_VALUE);
            return null;
        }
        return value.intValue();
    }

    private boolean flag(JsonNode event, String field) {
        JsonNode value = value(event, field);
        if (value != null && !value.isBoolean()) {
            problem("." + field, "must be true or false");
        }
        return value != null && value.booleanValue();
    }

    private <T> @Nullable T one(JsonNode event, String field, T[] values, Function<T, String> name) {
        JsonNode value = value(event, field);
        if (value == null) {
            return null;
        }
        for (T candidate : values) {
            if (value.isTextual() && value.textValue().equals(name.apply(candidate))) {
                return candidate;
            }
        }
        problem(
                "." + field,
                "must be one of "
                        + String.join(", ", Arrays.stream(values).map(name).toList()));
        return null;
    }

    private @Nullable String text(JsonNode event, String field) {
        return text(event, field, TEXT_LENGTH_MAX);
    }

    private @Nullable String text(JsonNode event, String field, int lengthMax) {
        JsonNode value = value(event, field);
        if (value == null) {
            return null;
        }
        if (!value.isTextual()
                || value.textValue().length() > lengthMax
                || !StorableJson.isStorable(value.textValue())) {
            problem("." + field, "must be a text of at most " + lengthMax + " characters, without NUL");
            return null;
        }
        return value.textValue();
    }

    private String metadata(JsonNode event) {
        JsonNode value = value(event, "metadata");
        if (value == null) {
            return TtfsEvent.NO_METADATA;
        }
        String text = value.toString();
        if (!value.isObject()
                || !StorableJson.isStorable(value)
                || text.getBytes(StandardCharsets.UTF_8).length > METADATA_BYTES_MAX) {
            problem(".metadata", "must be a JSON object of at most " + METADATA_BYTES_MAX + " bytes, without NUL");
            return TtfsEvent.NO_METADATA;
        }
        return text;
    }
}
