package io.weir.eventstats.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.database.Transactions;
import io.weir.lake.catalog.CatalogUnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Writes events of time to first signal, each batch with one statement, and counts them in the metrics {@code ttfs_...}. Thread-safe. */
public final class TtfsEventStore {
    /** Times travel as µs since 1970, which a double could not hold exactly. */
    private static final String INSERT = """
        INSERT INTO scheduler.ttfs_events (ts, tenant_id, job_id, run_id, surface, event_type, ttfs_ms, cache_hit, signal_source,
            kind, phase, network_state, device, release, correlation_id, trace_id, span_id, error_code, error_message, metadata)
        SELECT TIMESTAMPTZ 'epoch' + micros * INTERVAL '1 microsecond', tenant_id, job_id, run_id, surface, event_type, ttfs_ms,
            cache_hit, signal_source, kind, phase, network_state, device, release, correlation_id, trace_id, span_id, error_code,
            error_message, metadata::jsonb
        FROM unnest(?::bigint[], ?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::int[], ?::boolean[], ?::text[], ?::text[],
            ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
            AS event(micros, tenant_id, job_id, run_id, surface, event_type, ttfs_ms, cache_hit, signal_source, kind, phase,
                network_state, device, release, correlation_id, trace_id, span_id, error_code, error_message, metadata)
        """;

    private final Transactions transactions;
    private final TtfsMetrics metrics;

    public TtfsEventStore(DataSource dataSource, MeterRegistry registry) {
        this.transactions = new Transactions(dataSource);
        this.metrics = new TtfsMetrics(registry);
    }

    /**
     * Stores a batch, all or nothing.
     *
     * @throws CatalogUnavailableException if the database cannot be reached or is too slow; then nothing is stored, unless the connection broke
     *     just while the answer was on its way
     */
    public void record(List<TtfsEvent> batch) {
        if (batch.isEmpty()) {
            return;
        }
        transactions.single("store events", connection -> insert(connection, batch));
        metrics.stored(batch);
    }

    private static int insert(Connection connection, List<TtfsEvent> batch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
            Columns columns = new Columns(connection, statement, batch);
            columns.add(
                    "int8",
                    event -> Math.addExact(
                            Math.multiplyExact(event.time().getEpochSecond(), 1_000_000L),
                            event.time().getNano() / 1_000));
            columns.add("uuid", TtfsEvent::tenantId);
            columns.add("uuid", TtfsEvent::jobId);
            columns.add("uuid", TtfsEvent::runId);
            columns.add("text", event -> event.surface().text());
            columns.add("text", event -> event.type().text());
            columns.add("int4", TtfsEvent::ttfsMillis);
            columns.add("bool", TtfsEvent::cacheHit);
            columns.add(
                    "text",
                    event -> event.source() == null ? null : event.source().text());
            columns.add(
                    "text", event -> event.kind() == null ? null : event.kind().text());
            columns.add(
                    "text",
                    event -> event.phase() == null ? null : event.phase().text());
            columns.add("text", event -> event.client().networkState());
            columns.add("text", event -> event.client().device());
            columns.add("text", event -> event.client().release());
            columns.add("text", event -> event.trace().correlationId());
            columns.add("text", event -> event.trace().traceId());
            columns.add("text", event -> event.trace().spanId());
            columns.add("text", TtfsEvent::errorCode);
            columns.add("text", TtfsEvent::errorMessage);
            columns.add("text", TtfsEvent::metadata);
            return statement.executeUpdate();
        }
    }

    /** Binds one array after the other. */
    private static final class Columns {
        private final Connection connection;
        private final PreparedStatement statement;
        private final List<TtfsEvent> batch;
        private int next = 1;

        Columns(Connection connection, PreparedStatement statement, List<TtfsEvent> batch) {
            this.connection = connection;
            this.statement = statement;
            this.batch = batch;
        }

        void add(String type, Function<TtfsEvent, @Nullable Object> value) throws SQLException {
            @Nullable Object[] values = new @Nullable Object[batch.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = value.apply(batch.get(i));
            }
            statement.setArray(next++, connection.createArrayOf(type, values));
        }
    }
}
