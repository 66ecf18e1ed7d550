package io.weir.eventstats.signal.store;

import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signal.Snapshot;
import io.weir.eventstats.signal.SnapshotStore;
import io.weir.eventstats.signal.SnapshotUpdate;
import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Snapshots in table {@code scheduler.first_signal_snapshots}. Keeps nothing in memory. */
public final class PostgresSnapshotStore implements SnapshotStore {
    /*
     * Implementation notes. A statement may change a row once, so the updates of a call go in rounds: the first of each job, the second of each
     * job, and so on; nearly always there is one. Within a statement rows are locked in the order of their ids, so two writers never wait for each
     * other. Times come from the clock rather than from the transaction's start, which may lie before an update that was committed meanwhile.
     */
    private static final String COLUMNS =
            "job_id, tenant_id, run_id, seq, created_at, updated_at, kind, phase, summary, eta_seconds,"
                    + " last_known_outcome::text, next_actions::text, diagnostics::text, payload_json::text";

    private static final String ADD_RUNS = """
        insert into scheduler.runs (id, tenant_id)
        select id, tenant_id from unnest(?::uuid[], ?::uuid[]) as given (id, tenant_id)
        order by id
        on conflict (id) do nothing\
        """;

    private static final String UPSERT = """
        with given as (
            select *
            from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::int[],
                ?::jsonb[], ?::jsonb[], ?::jsonb[], ?::jsonb[]) as given (job_id, tenant_id, run_id, seq, kind,
                phase, summary, eta_seconds, last_known_outcome, next_actions, diagnostics, payload)
        ), taken as (
            insert into scheduler.first_signal_snapshots as known (job_id, tenant_id, run_id, seq, kind, phase,
                summary, eta_seconds, last_known_outcome, next_actions, diagnostics, payload_json, updated_at)
            select given.job_id, given.tenant_id, run.id, given.seq, given.kind, given.phase, given.summary,
                given.eta_seconds, given.last_known_outcome, given.next_actions,
                coalesce(given.diagnostics, '{}'), coalesce(given.payload, '{}'), clock_timestamp()
            from given
            left join scheduler.runs as run
                on run.id = given.run_id and coalesce(run.tenant_id, given.tenant_id) = given.tenant_id
            order by given.job_id
            on conflict (job_id) do update set
                run_id = coalesce(excluded.run_id, known.run_id),
                seq = excluded.seq,
                kind = excluded.kind,
                phase = excluded.phase,
                summary = excluded.summary,
                eta_seconds = excluded.eta_seconds,
                last_known_outcome = coalesce(excluded.last_known_outcome, known.last_known_outcome),
                next_actions = excluded.next_actions,
                diagnostics = excluded.diagnostics,
                payload_json = coalesce(nullif(excluded.payload_json, '{}'), known.payload_json),
                updated_at = greatest(clock_timestamp(), known.updated_at + interval '1 microsecond')
            where known.tenant_id = excluded.tenant_id
                and known.kind not in ('succeeded', 'failed', 'canceled', 'unavailable')
                and known.seq < excluded.seq
            returning known.job_id, known.tenant_id, known.kind, known.phase, known.run_id, known.seq
        )
        select job_id, pg_notify('ttfs_signal_update', json_build_object('job_id', job_id, 'tenant_id', tenant_id,
            'kind', kind, 'phase', phase, 'run_id', run_id, 'seq', seq)::text)
        from taken\
        """;

    private final Transactions sql;

    public PostgresSnapshotStore(DataSource dataSource) {
        this.sql = new Transactions(dataSource);
    }

    @Override
    public List<Acceptance> upsert(List<SnapshotUpdate> updates) {
        if (updates.isEmpty()) {
            return List.of();
        }
        Map<UUID, Integer> counts = new HashMap<>();
        SortedMap<Integer, List<Integer>> rounds = new TreeMap<>();
        for (int i = 0; i < updates.size(); i++) {
            int round = counts.merge(updates.get(i).jobId(), 1, Integer::sum);
            rounds.computeIfAbsent(round, key -> new ArrayList<>()).add(i);
        }
        List<Acceptance> results = new ArrayList<>(Collections.nCopies(updates.size(), Acceptance.REFUSED));
        return sql.all("keep signals", connection -> {
            addRuns(connection, updates);
            for (List<Integer> round : rounds.values()) {
                Set<UUID> taken =
                        upsertOnce(connection, round.stream().map(updates::get).toList());
                for (int index : round) {
                    results.set(
                            index,
                            taken.contains(updates.get(index).jobId()) ? Acceptance.ACCEPTED : Acceptance.REFUSED);
                }
            }
            return List.copyOf(results);
        });
    }

    /** In a statement of its own, so that the next one sees a run that another process adds at the same time. */
    private static void addRuns(Connection connection, List<SnapshotUpdate> updates) throws SQLException {
        SortedMap<UUID, UUID> tenants = new TreeMap<>();
        for (SnapshotUpdate update : updates) {
            if (update.runId() != null) {
                tenants.putIfAbsent(update.runId(), update.tenantId());
            }
        }
        if (tenants.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(ADD_RUNS)) {
            statement.setArray(
                    1, connection.createArrayOf("uuid", tenants.keySet().toArray()));
            statement.setArray(
                    2, connection.createArrayOf("uuid", tenants.values().toArray()));
            statement.executeUpdate();
        }
    }

    private static Set<UUID> upsertOnce(Connection connection, List<SnapshotUpdate> updates) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(UPSERT)) {
            bind(statement, 1, "uuid", updates, SnapshotUpdate::jobId);
            bind(statement, 2, "uuid", updates, SnapshotUpdate::tenantId);
            bind(statement, 3, "uuid", updates, SnapshotUpdate::runId);
            bind(statement, 4, "bigint", updates, SnapshotUpdate::seq);
            bind(statement, 5, "text", updates, update -> update.kind().text());
            bind(statement, 6, "text", updates, update -> update.phase().text());
            bind(statement, 7, "text", updates, update -> JsonTexts.text(update.summary()));
            bind(statement, 8, "integer", updates, SnapshotUpdate::etaSeconds);
            bind(statement, 9, "jsonb", updates, update -> JsonTexts.json(update.lastKnownOutcome()));
            bind(statement, 10, "jsonb", updates, update -> JsonTexts.json(update.nextActions()));
            bind(statement, 11, "jsonb", updates, update -> JsonTexts.json(update.diagnostics()));
            bind(statement, 12, "jsonb", updates, update -> JsonTexts.json(update.payload()));
            Set<UUID> taken = new HashSet<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    taken.add(rows.getObject(1, UUID.class));
                }
            }
            return taken;
        }
    }

    private static void bind(
            PreparedStatement statement,
            int index,
            String type,
            List<SnapshotUpdate> updates,
            Function<SnapshotUpdate, @Nullable Object> value)
            throws SQLException {
        @Nullable Object[] values = new @Nullable Object[updates.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = value.apply(updates.get(i));
        }
        statement.setArray(index, statement.getConnection().createArrayOf(type, values));
    }

    @Override
    public Optional<Snapshot> job(UUID tenantId, UUID jobId) {
        return sql.single("look a signal up", connection -> {
            try (PreparedStatement statement = connection.prepareStatement("select " + COLUMNS
                    + " from scheduler.first_signal_snapshots where job_id = ? and tenant_id = ?")) {
                statement.setObject(1, jobId);
                statement.setObject(2, tenantId);
                return read(statement).stream().findFirst();
            }
        });
    }

    @Override
    public List<Snapshot> jobs(List<UUID> jobIds) {
        return sql.single("look signals up", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "select " + COLUMNS + " from scheduler.first_signal_snapshots where job_id = any(?)")) {
                statement.setArray(1, connection.createArrayOf("uuid", jobIds.toArray()));
                return read(statement);
            }
        });
    }

    @Override
    public RunSignal run(UUID tenantId, UUID runId) {
        return sql.single("look a run's signal up", connection -> {
            try (PreparedStatement statement = connection.prepareStatement("select " + COLUMNS
                    + " from scheduler.first_signal_snapshots where run_id = ? and tenant_id = ?"
                    + " order by updated_at desc, job_id desc limit 1")) {
                statement.setObject(1, runId);
                statement.setObject(2, tenantId);
                List<Snapshot> latest = read(statement);
                if (!latest.isEmpty()) {
                    return new RunSignal.Current(latest.getFirst());
                }
            }
            boolean known =
                    exists(connection, "select from scheduler.runs where id = ? and tenant_id = ?", runId, tenantId);
            return known ? new RunSignal.None() : new RunSignal.Unknown();
        });
    }

    @Override
    public boolean isRunOpen(UUID tenantId, UUID runId) {
        return sql.single(
                "look a run's jobs up",
                connection -> exists(
                        connection,
                        "select from scheduler.first_signal_snapshots where run_id = ? and tenant_id = ?"
                                + " and kind not in ('succeeded', 'failed', 'canceled', 'unavailable') limit 1",
                        runId,
                        tenantId));
    }

    private static boolean exists(Connection connection, String text, UUID first, UUID second) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(text)) {
            statement.setObject(1, first);
            statement.setObject(2, second);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }

    @Override
    public int removeEmptyRuns(Instant createdBefore, int rowsMax) {
        String text = """
            delete from scheduler.runs
            where id in (
                select run.id
                from scheduler.runs as run
                where run.created_at < ?
                    and not exists (
                        select from scheduler.first_signal_snapshots as snapshot where snapshot.run_id = run.id
                    )
                order by run.created_at
                limit ?
                for update skip locked
            )\
            """;
        return sql.single("remove empty runs", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(text)) {
                statement.setObject(1, createdBefore.atOffset(ZoneOffset.UTC));
                statement.setInt(2, rowsMax);
                return statement.executeUpdate();
            }
        });
    }

    private static List<Snapshot> read(PreparedStatement statement) throws SQLException {
        List<Snapshot> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                found.add(new Snapshot(
                        rows.getObject("job_id", UUID.class),
                        rows.getObject("tenant_id", UUID.class),
                        rows.getObject("run_id", UUID.class),
                        rows.getLong("seq"),
                        rows.getObject("created_at", OffsetDateTime.class).toInstant(),
                        rows.getObject("updated_at", OffsetDateTime.class).toInstant(),
                        SignalKind.of(rows.getString("kind")),
                        SignalPhase.of(rows.getString("phase")),
                        rows.getString("summary"),
                        rows.getObject("eta_seconds", Integer.class),
                        rows.getString("last_known_outcome"),
                        rows.getString("next_actions"),
                        rows.getString("diagnostics"),
                        rows.getString("payload_json")));
            }
        }
        return found;
    }
}
