package io.weir.eventstats.retention;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.eventstats.retention.RetentionRun.Origin;
import io.weir.eventstats.retention.RetentionRun.Outcome;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Removes old rows, batch by batch, each in a transaction of its own, on one connection that holds an advisory lock: of all processes one works at a
 * time, and the lock ends with the connection. Thread-safe.
 */
public final class Retention {
    /** Advisory lock of whoever removes rows; the number has no other meaning. */
    private static final long LOCK = 7_310_001_002L;
    /** A run that is due within a tenth of the interval is due now: clocks and timers are not exact. */
    private static final double DUE_SHARE = 0.9;
    /** Longest run of one statement. */
    private static final long STATEMENT_MILLIS_MAX = 30_000;

    private static final OffsetDateTime FIRST_TIME =
            Instant.parse("0001-01-01T00:00:00Z").atOffset(ZoneOffset.UTC);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final RetentionSettings settings;
    private final DataSource connections;
    private final EmptyRuns emptyRuns;
    private final Clock clock;
    private final Map<String, Counter> rowsByTable = new LinkedHashMap<>();
    private final Map<Outcome, Timer> runs = new EnumMap<>(Outcome.class);
    private final ReentrantLock running = new ReentrantLock();

    /** Removes runs that have no job's signal. */
    @FunctionalInterface
    public interface EmptyRuns {
        /**
         * Removes some.
         *
         * @param createdBefore younger ones stay
         * @return how many
         */
        int remove(Instant createdBefore, int rowsMax);
    }

    /** @param connections opens connections of their own, not those of a pool that others wait for */
    public Retention(
            RetentionSettings settings,
            DataSource connections,
            EmptyRuns emptyRuns,
            MeterRegistry registry,
            Clock clock) {
        this.settings = settings;
        this.connections = connections;
        this.emptyRuns = emptyRuns;
        this.clock = clock;
        for (String table : RetentionStep.tables()) {
            rowsByTable.put(
                    table,
                    Counter.builder("weir.retention.rows")
                            .description("Rows that the retention removed, disabled or ended")
                            .tag("table", table)
                            .register(registry));
        }
        for (Outcome outcome : Outcome.values()) {
            if (outcome != Outcome.RUNNING) {
                runs.put(
                        outcome,
                        Timer.builder("weir.retention")
                                .description("Runs of the retention in this process")
                                .tag("outcome", outcome.text())
                                .publishPercentileHistogram()
                                .register(registry));
            }
        }
    }

    /** What became of the wish to run. */
    public sealed interface Attempt {
        /** It ran. */
        record Ran(RetentionRun run) implements Attempt {}

        /** Another run is under way, here or in another process. */
        record Busy() implements Attempt {}

        /** A run by schedule came too soon after one of another process. */
        record NotDue() implements Attempt {}
    }

    /**
     * Runs now, unless another run is under way.
     *
     * @param stop ends the run after its current batch
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow; batches before stay removed
     */
    public Attempt run(Origin origin, BooleanSupplier stop) {
        if (!running.tryLock()) {
            return new Attempt.Busy();
        }
        try (Connection connection = connections.getConnection()) {
            prepare(connection);
            if (!lock(connection)) {
                return new Attempt.Busy();
            }
            try {
                return origin == Origin.SCHEDULE && !isDue(connection)
                        ? new Attempt.NotDue()
                        : new Attempt.Ran(locked(connection, origin, stop));
            } finally {
                unlock(connection);
            }
        } catch (SQLException e) {
            throw Transactions.failure("remove old rows", e);
        } finally {
            running.unlock();
        }
    }

    private void prepare(Connection connection) throws SQLException {
        connection.setAutoCommit(true);
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT set_config('lock_timeout', ?, false), set_config('statement_timeout', ?, false)")) {
            statement.setString(1, Long.toString(settings.lockMillisMax()));
            statement.setString(2, Long.toString(STATEMENT_MILLIS_MAX));
            statement.execute();
        }
    }

    private static boolean lock(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT pg_try_advisory_lock(?)")) {
            statement.setLong(1, LOCK);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getBoolean(1);
            }
        }
    }

    /** A connection that is closed gives the lock back a moment later; this is at once. */
    private static void unlock(Connection connection) throws SQLException {
        if (connection.isValid(1)) {
            try (PreparedStatement statement = connection.prepareStatement("SELECT pg_advisory_unlock(?)")) {
                statement.setLong(1, LOCK);
                statement.execute();
            }
        }
    }

    private boolean isDue(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT max(started_at) FROM scheduler.ttfs_retention_runs WHERE origin = 'schedule'")) {
            rows.next();
            OffsetDateTime last = rows.getObject(1, OffsetDateTime.class);
            return last == null
                    || Duration.between(last.toInstant(), clock.instant()).toMillis()
                            >= DUE_SHARE * settings.intervalMillis();
        }
    }

    private RetentionRun locked(Connection connection, Origin origin, BooleanSupplier stop) throws SQLException {
        Instant start = clock.instant();
        long startNanos = System.nanoTime();
        long id = begin(connection, origin, start);
        Map<String, Long> rows = new LinkedHashMap<>();
        Outcome outcome = Outcome.FAILED;
        try {
            outcome = steps(connection, start, startNanos, stop, rows) ? Outcome.COMPLETE : Outcome.PARTIAL;
        } finally {
            Objects.requireNonNull(runs.get(outcome)).record(Duration.ofNanos(System.nanoTime() - startNanos));
            // A connection that broke says so itself; the next run closes this one's row.
            if (connection.isValid(1)) {
                end(connection, id, outcome, rows);
            }
        }
        return new RetentionRun(id, start, clock.instant(), origin, outcome, rows);
    }

    /** Whether all rules were done with all rows. */
    private boolean steps(
            Connection connection, Instant start, long startNanos, BooleanSupplier stop, Map<String, Long> rows)
            throws SQLException {
        for (RetentionStep step : RetentionStep.steps(settings, start)) {
            rows.put(step.table(), 0L);
            OffsetDateTime from = FIRST_TIME;
            while (from != null) {
                if (isOver(startNanos) || stop.getAsBoolean()) {
                    return false;
                }
                from = batch(connection, step, from, rows);
            }
        }
        int removed = settings.batchRows();
        while (removed == settings.batchRows()) {
            if (isOver(startNanos) || stop.getAsBoolean()) {
                return false;
            }
            removed = emptyRuns.remove(start.minus(Duration.ofHours(settings.snapshotHours())), settings.batchRows());
            count(rows, RetentionStep.EMPTY_RUNS, removed);
        }
        return true;
    }

    private boolean isOver(long startNanos) {
        return (System.nanoTime() - startNanos) / 1_000_000 >= settings.runMillisMax();
    }

    private void count(Map<String, Long> rows, String table, long handled) {
        rows.merge(table, handled, Long::sum);
        Objects.requireNonNull(rowsByTable.get(table)).increment(handled);
    }

    /** Handles a batch; the time to go on from, or null if there is nothing more. */
    private @Nullable OffsetDateTime batch(
            Connection connection, RetentionStep step, OffsetDateTime from, Map<String, Long> rowsByStep)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(step.sql())) {
            int next = 1;
            statement.setObject(next++, step.before().atOffset(ZoneOffset.UTC));
            statement.setObject(next++, from);
            for (Object parameter : step.more()) {
                statement.setObject(next++, parameter);
            }
            statement.setInt(next, settings.batchRows());
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                long handled = rows.getLong(1);
                count(rowsByStep, step.table(), handled);
                return handled < settings.batchRows() ? null : rows.getObject(2, OffsetDateTime.class);
            }
        }
    }

    private static long begin(Connection connection, Origin origin, Instant start) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // Whoever holds the lock is the only one that runs: others that say so have died.
            statement.executeUpdate(
                    "UPDATE scheduler.ttfs_retention_runs SET outcome = 'failed' WHERE outcome = 'running'");
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO scheduler.ttfs_retention_runs (started_at, origin, outcome) VALUES (?, ?, 'running')"
                        + " RETURNING id")) {
            statement.setObject(1, start.atOffset(ZoneOffset.UTC));
            statement.setString(2, origin.text());
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private void end(Connection connection, long id, Outcome outcome, Map<String, Long> rows) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "UPDATE scheduler.ttfs_retention_runs SET ended_at = ?, outcome = ?, rows_by_table = ?::jsonb"
                        + " WHERE id = ?")) {
            statement.setObject(1, clock.instant().atOffset(ZoneOffset.UTC));
            statement.setString(2, outcome.text());
            statement.setString(3, MAPPER.writeValueAsString(rows));
            statement.setLong(4, id);
            statement.executeUpdate();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of numbers is JSON", e);
        }
    }

    /**
     * The last run that any process started.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    public static Optional<RetentionRun> last(DataSource pool) {
        return new Transactions(pool).single("read runs of the retention", connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(
                            "SELECT id, started_at, ended_at, origin, outcome, rows_by_table FROM"
                                    + " scheduler.ttfs_retention_runs ORDER BY started_at DESC, id DESC LIMIT 1")) {
                return row.next() ? Optional.of(read(row)) : Optional.empty();
            }
        });
    }

    private static RetentionRun read(ResultSet row) throws SQLException {
        OffsetDateTime ended = row.getObject("ended_at", OffsetDateTime.class);
        try {
            return new RetentionRun(
                    row.getLong("id"),
                    row.getObject("started_at", OffsetDateTime.class).toInstant(),
                    ended == null ? null : ended.toInstant(),
                    Origin.valueOf(row.getString("origin").toUpperCase(Locale.ROOT)),
                    Outcome.valueOf(row.getString("outcome").toUpperCase(Locale.ROOT)),
                    MAPPER.readValue(row.getString("rows_by_table"), new TypeReference<Map<String, Long>>() {}));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("rows_by_table is not what runs write", e);
        }
    }
}
