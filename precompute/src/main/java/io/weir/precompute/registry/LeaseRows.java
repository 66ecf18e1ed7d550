package io.weir.precompute.registry;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;

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
     * Takes jobs that nobody runs, up to this process's share of all. The shares of all processes together are at least all jobs, so none is left.
     *
     * @param unreadable jobs that this process cannot run
     * @return how many
     */
    static int claim(Connection connection, String owner, Set<String> unreadable) throws SQLException {
        long free = free(connection, owner);
        if (free <= 0) {
            return 0;
        }
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
            statement.setLong(3, free);
            return statement.executeUpdate();
        }
    }

    /** How many more this process may take: at least one for each that others have too many. */
    private static long free(Connection connection, String owner) throws SQLException {
        String sql = """
            select count(*) filter (where j.owner_id = ?),
                count(*),
                (select count(*) from weir.precompute_owners where leased_until > clock_timestamp())
            from weir.precompute_jobs j where j.live\
            """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, owner);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                long owned = row.getLong(1);
                long all = row.getLong(2);
                long owners = Math.max(1, row.getLong(3));
                return (all + owners - 1) / owners - owned;
            }
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
