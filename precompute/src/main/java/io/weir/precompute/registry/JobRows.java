package io.weir.precompute.registry;

import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** The statements about jobs. Every one runs in its caller's transaction. */
final class JobRows {
    /** One creation of a tenant after the other, so that two cannot both find a store path free. */
    private static final int CREATION_LOCK = 0x77656972;

    /** Of a row j: one whose time is over is not, though the row may not say so yet. */
    private static final String LIVE = "j.live and coalesce(j.valid_until > now(), true)";

    private static final String SELECT = """
        select j.job_id, j.tenant, j.spec::text, j.store_path, j.created_at, j.valid_until,
            j.live and coalesce(j.valid_until > now(), true) as live, o.owner_id, j.epoch, p.status,
            p.last_run_millis, p.last_success_millis, p.last_duration_millis, p.last_error, p.runs, p.failures,
            p.skipped, p.failures_in_row, p.next_run_millis, h.hits
        from weir.precompute_jobs j
        left join weir.precompute_progress p using (job_id)
        left join weir.precompute_hits h using (job_id)
        left join weir.precompute_owners o on o.owner_id = j.owner_id and o.leased_until > clock_timestamp()
        """;

    private JobRows() {}

    /** What a new job is made of. */
    record New(
            String jobId,
            String tenant,
            String specHash,
            String storePath,
            String spec,
            OptionalLong validUntilMillis) {}

    /** Waits for other creations of the tenant and keeps new ones out until the transaction ends. */
    static void lockTenant(Connection connection, String tenant) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select pg_advisory_xact_lock(?, hashtext(?))")) {
            statement.setInt(1, CREATION_LOCK);
            statement.setString(2, tenant);
            statement.execute();
        }
    }

    /**
     * Ends the life of jobs whose time is over: they stay listed, and their results go.
     *
     * @param countMax how many at most
     * @return how many
     */
    static int expire(Connection connection, int countMax) throws SQLException {
        return expire(connection, "limit ? for no key update skip locked", statement -> statement.setInt(1, countMax));
    }

    /** The same for those that would be in the way of a new job of the tenant: of the same spec, or at one of these store paths. */
    static void expireRivals(Connection connection, String tenant, String specHash, List<String> storePaths)
            throws SQLException {
        expire(
                connection,
                "and tenant = ? and (spec_hash = ? or store_path = any(?)) order by job_id for no key update",
                statement -> {
                    statement.setString(1, tenant);
                    statement.setString(2, specHash);
                    statement.setArray(3, connection.createArrayOf("text", storePaths.toArray()));
                });
    }

    private interface Parameters {
        void set(PreparedStatement statement) throws SQLException;
    }

    private static int expire(Connection connection, String which, Parameters parameters) throws SQLException {
        String sql = """
            with ended as (
                select job_id from weir.precompute_jobs where live and valid_until <= now() %s),
            results as (
                delete from weir.precompute_results r using ended where r.job_id = ended.job_id)
            update weir.precompute_jobs j set live = false, expired_at = j.valid_until, owner_id = null,
                epoch = j.epoch + 1
            from ended where j.job_id = ended.job_id\
            """.formatted(which);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            parameters.set(statement);
            return statement.executeUpdate();
        }
    }

    /** Removes jobs that have been expired for long enough. */
    static int removeExpired(Connection connection, long listedMillis, int countMax) throws SQLException {
        String sql = """
            with gone as (
                select job_id from weir.precompute_jobs where not live and expired_at < now() - ? * interval '1 ms'
                limit ? for update skip locked)
            delete from weir.precompute_jobs j using gone where j.job_id = gone.job_id\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, listedMillis);
            statement.setInt(2, countMax);
            return statement.executeUpdate();
        }
    }

    /** Removes expired jobs of tenants that have more of them than they may, the longest expired first to go. */
    static int removeTooMany(Connection connection, int tenantExpiredMax, int countMax) throws SQLException {
        String sql = """
            with ranked as (
                select job_id, row_number() over (partition by tenant order by expired_at desc, job_id) as number
                from weir.precompute_jobs where not live),
            gone as (
                select j.job_id from weir.precompute_jobs j join ranked using (job_id)
                where not j.live and ranked.number > ?
                limit ? for update of j skip locked)
            delete from weir.precompute_jobs j using gone where j.job_id = gone.job_id\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, tenantExpiredMax);
            statement.setInt(2, countMax);
            return statement.executeUpdate();
        }
    }

    static Optional<JobRow> bySpec(Connection connection, String tenant, String specHash) throws SQLException {
        return one(connection, "where j.live and j.tenant = ? and j.spec_hash = ?", tenant, specHash);
    }

    static Optional<JobRow> byStorePath(Connection connection, String tenant, String storePath) throws SQLException {
        return one(connection, "where j.live and j.tenant = ? and j.store_path = ?", tenant, storePath);
    }

    static Optional<JobRow> byId(Connection connection, String tenant, String jobId) throws SQLException {
        return one(connection, "where j.tenant = ? and j.job_id = ?", tenant, jobId);
    }

    private static Optional<JobRow> one(Connection connection, String condition, String first, String second)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SELECT + condition)) {
            statement.setString(1, first);
            statement.setString(2, second);
            List<JobRow> rows = read(statement);
            return rows.isEmpty() ? Optional.empty() : Optional.of(rows.getFirst());
        }
    }

    /** Live jobs of a tenant, the oldest first, then expired ones, the last to expire first; so many of each. */
    static List<JobRow> byTenant(Connection connection, String tenant, int liveMax, int expiredMax)
            throws SQLException {
        List<JobRow> found = new ArrayList<>(byTenant(
                connection,
                "where j.tenant = ? and " + LIVE + " order by j.created_at, j.job_id limit ?",
                tenant,
                liveMax));
        found.addAll(byTenant(
                connection,
                "where j.tenant = ? and not (" + LIVE + ") order by j.valid_until desc, j.job_id limit ?",
                tenant,
                expiredMax));
        return found;
    }

    private static List<JobRow> byTenant(Connection connection, String condition, String tenant, int countMax)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SELECT + condition)) {
            statement.setString(1, tenant);
            statement.setInt(2, countMax);
            return read(statement);
        }
    }

    static List<JobRow> byIds(Connection connection, Collection<String> jobIds) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(SELECT + "where j.live and j.job_id = any(?) order by j.job_id")) {
            statement.setArray(1, connection.createArrayOf("text", jobIds.toArray()));
            return read(statement);
        }
    }

    /** Live jobs of the tenant, and of all. */
    static long[] counts(Connection connection, String tenant) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select count(*) filter (where j.tenant = ?), count(*) from weir.precompute_jobs j where " + LIVE)) {
            statement.setString(1, tenant);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return new long[] {row.getLong(1), row.getLong(2)};
            }
        }
    }

    /** @return when it was created, wall clock of the database in ms */
    static long insert(Connection connection, New job) throws SQLException {
        String sql = """
            insert into weir.precompute_jobs (job_id, tenant, spec_hash, store_path, spec, created_at, valid_until)
            values (?, ?, ?, ?, ?::jsonb, date_trunc('milliseconds', clock_timestamp()), ?)
            returning created_at\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, job.jobId());
            statement.setString(2, job.tenant());
            statement.setString(3, job.specHash());
            statement.setString(4, job.storePath());
            statement.setString(5, job.spec());
            statement.setObject(
                    6,
                    job.validUntilMillis().isEmpty()
                            ? null
                            : Instant.ofEpochMilli(job.validUntilMillis().getAsLong())
                                    .atOffset(ZoneOffset.UTC));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getTimestamp(1).getTime();
            }
        }
    }

    static boolean delete(Connection connection, String tenant, String jobId) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("delete from weir.precompute_jobs where tenant = ? and job_id = ?")) {
            statement.setString(1, tenant);
            statement.setString(2, jobId);
            return statement.executeUpdate() == 1;
        }
    }

    /** Who has which live job. */
    static List<JobRow.Holding> holdings(Connection connection, int countMax) throws SQLException {
        String sql = "select j.job_id, j.owner_id, j.epoch from weir.precompute_jobs j where " + LIVE
                + " order by j.job_id limit ?";
        List<JobRow.Holding> found = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, countMax);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(new JobRow.Holding(rows.getString(1), rows.getString(2), rows.getLong(3)));
                }
            }
        }
        return found;
    }

    private static List<JobRow> read(PreparedStatement statement) throws SQLException {
        List<JobRow> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                Timestamp validUntil = rows.getTimestamp("valid_until");
                found.add(new JobRow(
                        rows.getString("job_id"),
                        rows.getString("tenant"),
                        rows.getString("spec"),
                        rows.getString("store_path"),
                        rows.getTimestamp("created_at").getTime(),
                        validUntil == null ? OptionalLong.empty() : OptionalLong.of(validUntil.getTime()),
                        rows.getBoolean("live"),
                        rows.getString("owner_id"),
                        rows.getLong("epoch"),
                        statistics(rows)));
            }
        }
        return found;
    }

    private static JobStatistics statistics(ResultSet row) throws SQLException {
        String status = row.getString("status");
        return new JobStatistics(
                status == null ? JobStatus.CREATED : JobStatus.valueOf(status.toUpperCase(Locale.ROOT)),
                millis(row, "last_run_millis"),
                millis(row, "last_success_millis"),
                millis(row, "last_duration_millis"),
                row.getString("last_error"),
                row.getLong("runs"),
                row.getLong("failures"),
                row.getLong("skipped"),
                row.getLong("failures_in_row"),
                millis(row, "next_run_millis"),
                row.getLong("hits"));
    }

    private static OptionalLong millis(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
