package io.weir.eventstats.telemetry;

import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event of time to first signal: a row of {@code scheduler.ttfs_events}. Texts hold no NUL and no half of a surrogate pair, which PostgreSQL
 * cannot store.
 *
 * @param time of the event
 * @param tenantId by {@link io.weir.eventstats.signal.TenantIds}
 * @param jobId what was waited for: a query's id
 * @param ttfsMillis from the request to the first signal, 0 or more
 * @param errorCode short name of what went wrong, as signatures match it
 * @param metadata a JSON object
 */
public record TtfsEvent(
        Instant time,
        UUID tenantId,
        UUID jobId,
        @Nullable UUID runId,
        Surface surface,
        Type type,
        int ttfsMillis,
        boolean cacheHit,
        @Nullable Source source,
        @Nullable SignalKind kind,
        @Nullable SignalPhase phase,
        Client client,
        Trace trace,
        @Nullable String errorCode,
        @Nullable String errorMessage,
        String metadata) {
    /** Metadata that says nothing. */
    public static final String NO_METADATA = "{}";

    public TtfsEvent {
        if (ttfsMillis < 0) {
            throw new IllegalArgumentException("ttfsMillis is " + ttfsMillis + "; a wait is 0 ms or more");
        }
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(metadata, "metadata");
    }

    /** Where a signal is shown. */
    public enum Surface {
        UI,
        CLI,
        CI;

        /** As in the table. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What happened to a signal. */
    public enum Type {
        START,
        RENDERED,
        TIMEOUT,
        ERROR,
        CACHE_HIT,
        COLD_START;

        /** As in the table: {@code signal.rendered}. */
        public String text() {
            return "signal." + name().toLowerCase(Locale.ROOT);
        }
    }

    /** Where a signal came from. */
    public enum Source {
        SNAPSHOT,
        COLD_START,
        FAILURE_INDEX;

        /** As in the table. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What the client says of itself.
     *
     * @param networkState as {@code wifi}, {@code 4g}, {@code offline}
     * @param device as {@code desktop}, {@code grafana}
     * @param release version of the application
     */
    public record Client(
            @Nullable String networkState,
            @Nullable String device,
            @Nullable String release) {
        /** Nothing. */
        public static final Client UNKNOWN = new Client(null, null, null);
    }

    /** What the event can be followed by. */
    public record Trace(
            @Nullable String correlationId,
            @Nullable String traceId,
            @Nullable String spanId) {
        /** Nothing. */
        public static final Trace NONE = new Trace(null, null, null);
    }
}
