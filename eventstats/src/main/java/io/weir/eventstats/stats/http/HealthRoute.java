package io.weir.eventstats.stats.http;

import io.weir.eventstats.stats.read.DatabaseHealth;
import java.time.Clock;
import java.util.Optional;

/** {@code GET /health} in EventGate's shape: whether statistics reach the database now. Needs no token; liveness is {@code /livez}. */
public final class HealthRoute {
    private static final String DEPENDENCY = "postgres_reader";

    private final DatabaseHealth database;
    private final Clock clock;
    private final long startedMillis;

    public HealthRoute(DatabaseHealth database, Clock clock) {
        this.database = database;
        this.clock = clock;
        startedMillis = clock.millis();
    }

    StatsReply answer() {
        Optional<String> failure = database.failure();
        if (failure.isPresent()) {
            return StatsReply.of(503, json -> {
                json.writeStringField("status", "degraded");
                json.writeObjectFieldStart("failures");
                json.writeStringField(DEPENDENCY, failure.get());
                json.writeEndObject();
                json.writeObjectFieldStart("dependencies");
                json.writeStringField(DEPENDENCY, "failed");
                json.writeEndObject();
            });
        }
        return StatsReply.of(200, json -> {
            json.writeStringField("status", "ok");
            json.writeNumberField("uptime_seconds", Math.max(0, clock.millis() - startedMillis) / 1_000);
            json.writeObjectFieldStart("dependencies");
            json.writeStringField(DEPENDENCY, "ok");
            json.writeEndObject();
        });
    }
}
