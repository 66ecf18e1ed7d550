package io.weir.precompute.registry;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The statements about who runs which job. Every one runs in its caller's transaction. */
final class LeaseRows {
    /** Owners that have been silent for so many leases are forgotten. */
    private static final int FORGOTTEN_LEASES = 100;

    private LeaseRows() {}

    /** Says that this process is there. */
    static void renew(Connection connection, String owner, long leaseMillis) throws SQLException {
        String sql = "insert into weir.precompute_owners (owner_id, leased_until)"
                + " values (?, clock_timestamp() + ? * interval '1 ms')"
                + " on conflict (owner_id) do update set leased_until = excluded.leased_until";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, owner);
            statement.setLong(2, leaseMillis);
            statement.executeUpdate();
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "delete from weir.precompute_owners where leased_until < clock_timestamp() - ? * interval '1 ms'")) {
            statement.setLong(1, FORGOTTEN_LEASES * leaseMillis);
            statement.executeUpdate();
        }
    }

    /**
     * Jobs that nobody runs and this process can.
     *
     * @param first of them by id; null if there are none
     * @param room how many this process may take until it has its share of all jobs; below one if it has that already
     */
    record Unclaimed(long count, @Nullable String first, long room) {}

    /** @param unreadable jobs that this process cannot run */
    static Unclaimed unclaimed(Connection connection, String owner, Set<String> unreadable) throws SQLException {
        String sql = """
            with live as (
                select j.job_id, j.owner_id,
                    o.owner_id is null and j.job_id <> all(?) as unclaimed
                from weir.precompute_jobs j
                left join weir.precompute_owners o
                    on o.owner_id = j.owner_id and o.leased_until > clock_timestamp()
                where j.live and coalesce(j.valid_until > now(), true))
            select count(*) filter (where unclaimed),
                min(job_id) filter (where unclaimed),
                count(*) filter (where owner_id = ?),
                count(*),
                (select count(*) from weir.precompute_owners where leased_until > clock_timestamp())
            from live\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, connection.createArrayOf("text", unreadable.toArray()));
            statement.setString(2, owner);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                long owned = row.getLong(3);
                long all = row.getLong(4);
                long owners = Math.max(1, row.getLong(5));
                return new Unclaimed(row.getLong(1), row.getString(2), (all + owners - 1) / owners - owned);
            }
        }
    }

    /**
     * Takes jobs that nobody runs.
     *
     * @param unreadable jobs that this process cannot run
     * @param countMax how many at most
     * @return how many
     */
    static int claim(Connection connection, String owner, Set<String> unreadable, long countMax) throws SQLException {
        String sql = """
            update weir.precompute_jobs set owner_id = ?, epoch = epoch + 1
            where job_id in (
                select j.job_id from weir.precompute_jobs j
                where j.live and coalesce(j.valid_until > now(), true) and j.job_id <> all(?) and not exists (
                    select from weir.precompute_owners o
                    where o.owner_id = j.owner_id and o.leased_until > clock_timestamp())
                order by j.job_id
                limit ?
                for update skip locked)\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, owner);
            statement.setArray(2, connection.createArrayOf("text", unreadable.toArray()));
            statement.setLong(3, countMax);
            return statement.executeUpdate();
        }
    }

    /** Gives jobs of this process back. */
    static void giveBack(Connection connection, String owner, Set<String> jobIds) throws SQLException {
        String sql = "update weir.precompute_jobs set owner_id = null where owner_id = ? and job_id = any(?)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, owner);
            statement.setArray(2, connection.createArrayOf("text", jobIds.toArray()));
            statement.executeUpdate();
        }
    }

    /** Gives all jobs of this process back. */
    static void release(Connection connection, String owner) throws SQLException {
        for (String sql : new String[] {
            "update weir.precompute_jobs set owner_id = null where owner_id = ?",
            "delete from weir.precompute_owners where owner_id = ?"
        }) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, owner);
                statement.executeUpdate();
            }
        }
    }
}
