package io.weir.eventstats.telemetry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.javalin.config.RoutesConfig;
import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.http.JsonAnswers;
import io.weir.eventstats.telemetry.TtfsEventStore.Batch;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** {@code POST /api/v1/ttfs/events}: one event or an array of them, stored all or not at all; with an {@code Idempotency-Key} once. */
final class TtfsEventRoutes {
    /** Header that names a batch, so that sending it again stores nothing. */
    static final String KEY_HEADER = "Idempotency-Key";

    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,128}");

    private final TelemetrySettings settings;
    private final TenantResolver tenants;
    private final TtfsEventStore store;
    private final Clock clock;

    TtfsEventRoutes(TelemetrySettings settings, TenantResolver tenants, TtfsEventStore store, Clock clock) {
        this.settings = settings;
        this.tenants = tenants;
        this.store = store;
        this.clock = clock;
    }

    void contribute(RoutesConfig routes) {
        routes.post("/api/v1/ttfs/events", this::record);
    }

    private void record(Context context) throws IOException {
        String tenant = tenants.tenant(context);
        JsonRequests.checkParameters(context, Set.of());
        byte[] body = JsonRequests.bytes(context, settings.requestBytesMax(), "telemetry-request-bytes-max");
        List<TtfsEvent> events = TtfsEventReader.read(
                JsonRequests.parse(body),
                tenant,
                clock.instant(),
                Duration.ofMillis(settings.clockSkewMillisMax()),
                settings.eventsPerRequestMax());
        String key = context.header(KEY_HEADER);
        if (key == null) {
            store.record(events);
        } else {
            once(events, key, body);
        }
        JsonAnswers.plain(context, 202, JsonNodeFactory.instance.objectNode().put("accepted", events.size()));
    }

    private void once(List<TtfsEvent> events, String key, byte[] body) {
        if (!KEY.matcher(key).matches()) {
            throw new QueryException.BadData("header " + KEY_HEADER + " must be 1 to 128 visible characters of ASCII");
        }
        switch (store.recordOnce(events, key, sha256(body))) {
            case Batch.STORED, Batch.KNOWN -> {}
            case Batch.DIFFERENT ->
                throw new ConflictResponse(
                        "header " + KEY_HEADER + " names a batch that was stored with another body; use a new key");
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
