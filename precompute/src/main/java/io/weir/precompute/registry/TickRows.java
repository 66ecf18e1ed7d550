package io.weir.precompute.registry;

import io.weir.precompute.job.JobStatistics;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The statements about what came of ticks. Every one runs in its caller's transaction. */
final class TickRows {
    /** Rows that are held in memory while they are read. */
    private static final int FETCH_ROWS = 16;

    private TickRows() {}

    /** How a job fares, by the word of the owner of an epoch. */
    record Progress(String jobId, long epoch, long keptAfterMillis, JobStatistics statistics) {}

    /** One tick's result. */
    record Row(String jobId, long evalMillis, byte[] result) {}

    /**
     * The jobs that the owner still has in these epochs. They stay as they are until the transaction ends, so nothing is written for a job that was
     * deleted or taken over.
     */
    static Set<String> held(Connection connection, String owner, Collection<Progress> progress) throws SQLException {
        String sql = """
            select j.job_id from weir.precompute_jobs j
            join unnest(?::text[], ?::bigint[]) as g (job_id, epoch) on j.job_id = g.job_id and j.epoch = g.epoch
            where j.owner_id = ? and j.live
            order by j.job_id
            for share of j\
            """;
        Set<String> found = new HashSet<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(
                    1, texts(connection, progress.stream().map(Progress::jobId).toList()));
            statement.setArray(
                    2, longs(connection, progress.stream().map(Progress::epoch).toList()));
            statement.setString(3, owner);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(rows.getString(1));
                }
            }
        }
        return found;
    }

    static void writeProgress(Connection connection, Collection<Progress> progress) throws SQLException {
        String sql = """
            insert into weir.precompute_progress (job_id, status, last_run_millis, last_success_millis,
                last_duration_millis, last_error, runs, failures, skipped, failures_in_row, next_run_millis)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (job_id) do update set status = excluded.status, last_run_millis = excluded.last_run_millis,
                last_success_millis = excluded.last_success_millis,
                last_duration_millis = excluded.last_duration_millis, last_error = excluded.last_error,
                runs = excluded.runs, failures = excluded.failures, skipped = excluded.skipped,
                failures_in_row = excluded.failures_in_row, next_run_millis = excluded.next_run_millis\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (Progress each : progress) {
                JobStatistics statistics = each.statistics();
                statement.setString(1, each.jobId());
                statement.setString(2, statistics.status().text());
                statement.setObject(3, boxed(statistics.lastRunMillis()));
                statement.setObject(4, boxed(statistics.lastSuccessMillis()));
                statement.setObject(5, boxed(statistics.lastDurationMillis()));
                statement.setString(6, storable(statistics.lastError()));
                statement.setLong(7, statistics.runs());
                statement.setLong(8, statistics.failures());
                statement.setLong(9, statistics.skipped());
                statement.setLong(10, statistics.failuresInRow());
                statement.setObject(11, boxed(statistics.nextRunMillis()));
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    static void writeResults(Connection connection, Collection<Row> results) throws SQLException {
        String sql = "insert into weir.precompute_results (job_id, eval_millis, result) values (?, ?, ?)"
                + " on conflict (job_id, eval_millis) do update set result = excluded.result";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (Row row : results) {
                statement.setString(1, row.jobId());
                statement.setLong(2, row.evalMillis());
                statement.setBytes(3, row.result());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** Removes the results that a job's newer ones have pushed out. */
    static void removeOld(Connection connection, Collection<Progress> progress) throws SQLException {
        String sql =
                "delete from weir.precompute_results r using unnest(?::text[], ?::bigint[]) as g (job_id, kept_after)"
                        + " where r.job_id = g.job_id and r.eval_millis <= g.kept_after";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(
                    1, texts(connection, progress.stream().map(Progress::jobId).toList()));
            statement.setArray(
                    2,
                    longs(
                            connection,
                            progress.stream().map(Progress::keptAfterMillis).toList()));
            statement.executeUpdate();
        }
    }

    /** Adds hits up; those of jobs that are gone are dropped with them. */
    static void addHits(Connection connection, Map<String, Long> hits) throws SQLException {
        // Rows are locked in the order of their ids, so two processes never wait for each other.
        TreeMap<String, Long> sorted = new TreeMap<>(hits);
        String sql = """
            with held as (
                select j.job_id, g.hits from weir.precompute_jobs j
                join unnest(?::text[], ?::bigint[]) as g (job_id, hits) using (job_id)
                order by j.job_id
                for key share of j)
            insert into weir.precompute_hits as known (job_id, hits)
            select job_id, hits from held order by job_id
            on conflict (job_id) do update set hits = known.hits + excluded.hits\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, texts(connection, List.copyOf(sorted.keySet())));
            statement.setArray(2, longs(connection, List.copyOf(sorted.values())));
            statement.executeUpdate();
        }
    }

    /**
     * Results after the newest that is known of each job, up to a number of rows.
     *
     * @param known newest tick by job id
     */
    static List<Row> readAfter(Connection connection, Map<String, Long> known, int rowsMax) throws SQLException {
        String sql = """
            select r.job_id, r.eval_millis, r.result from weir.precompute_results r
            join unnest(?::text[], ?::bigint[]) as g (job_id, after) on r.job_id = g.job_id and r.eval_millis > g.after
            order by r.job_id, r.eval_millis
            limit ?\
            """;
        List<Row> found = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            List<String> ids = List.copyOf(known.keySet());
            statement.setArray(1, texts(connection, ids));
            statement.setArray(2, longs(connection, ids.stream().map(known::get).toList()));
            statement.setInt(3, rowsMax);
            statement.setFetchSize(FETCH_ROWS);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(new Row(rows.getString(1), rows.getLong(2), rows.getBytes(3)));
                }
            }
        }
        return found;
    }

    private static Array texts(Connection connection, List<String> values) throws SQLException {
        return connection.createArrayOf("text", values.toArray());
    }

    private static Array longs(Connection connection, List<Long> values) throws SQLException {
        return connection.createArrayOf("bigint", values.toArray());
    }

    private static @Nullable Long boxed(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : null;
    }

    /** PostgreSQL's text has no NUL. */
    private static @Nullable String storable(@Nullable String text) {
        return text == null ? null : text.replace('\0', '\uFFFD');
    }
}
