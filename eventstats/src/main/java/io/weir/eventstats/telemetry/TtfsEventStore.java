package io.weir.eventstats.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
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
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow; then nothing is stored, unless the connection broke
     *     just while the answer was on its way
     */
    public void record(List<TtfsEvent> batch) {
        if (batch.isEmpty()) {
            return;
        }
        transactions.single("store events", connection -> insert(connection, batch));
        metrics.stored(batch);
    }

    /** What became of a batch with a key. */
    public enum Batch {
        /** It is stored now. */
        STORED,
        /** It was stored before; nothing changed. */
        KNOWN,
        /** Its key belongs to a batch that was stored with another body; nothing changed. */
        DIFFERENT
    }

    /**
     * Stores a batch, all or nothing, unless one of the same key and tenant was.
     *
     * @param batch not empty, of one tenant
     * @param key of the sender; kept for {@code telemetry-retention-batch-key-hours}
     * @param bodyHash what tells batches apart
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow; sending it again with the same key is safe
     */
    public Batch recordOnce(List<TtfsEvent> batch, String key, String bodyHash) {
        UUID tenantId = batch.getFirst().tenantId();
        Batch outcome = transactions.all("store events", connection -> {
            if (takeKey(connection, tenantId, key, bodyHash, batch.size())) {
                insert(connection, batch);
                return Batch.STORED;
            }
            return hashOf(connection, tenantId, key).equals(bodyHash) ? Batch.KNOWN : Batch.DIFFERENT;
        });
        if (outcome == Batch.STORED) {
            metrics.stored(batch);
        }
        return outcome;
    }

    /** Whether the key was free; waits for a transaction that is just about to take it. */
    private static boolean takeKey(Connection connection, UUID tenantId, String key, String bodyHash, int events)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO scheduler.ttfs_event_batches (tenant_id, idempotency_key, body_hash, event_count)"
                        + " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")) {
            statement.setObject(1, tenantId);
            statement.setString(2, key);
            statement.setString(3, bodyHash);
            statement.setInt(4, events);
            return statement.executeUpdate() == 1;
        }
    }

    /** Empty if the retention removed the key just now. */
    private static String hashOf(Connection connection, UUID tenantId, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT body_hash FROM scheduler.ttfs_event_batches WHERE tenant_id = ? AND idempotency_key = ?")) {
            statement.setObject(1, tenantId);
            statement.setString(2, key);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getString(1) : "";
            }
        }
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
