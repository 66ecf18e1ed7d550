package io.weir.lake.catalog;

import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** The work queue on one table: claims skip locked rows, leases are by the database's clock, so that owners' clocks do not matter. */
final class PostgresWorkQueue {
    private static final String LATER = "now() + make_interval(secs => ? / 1000.0)";
    private static final String MINE = " where id = ? and lease_token = ? and not dead";

    private final Transactions sql;
    private final QueueSettings settings;

    PostgresWorkQueue(Transactions sql, QueueSettings settings) {
        this.sql = sql;
        this.settings = settings;
    }

    boolean enqueue(String kind, String tenant, String key, String payload) {
        return sql.single("enqueue a job", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into weir.work_queue (kind, tenant, key, payload) values (?, ?, ?, ?)"
                            + " on conflict (kind, tenant, key) where not dead do nothing")) {
                statement.setString(1, kind);
                statement.setString(2, tenant);
                statement.setString(3, key);
                statement.setString(4, payload);
                return statement.executeUpdate() == 1;
            }
        });
    }

    Optional<Job> claim(String kind, String owner, long leaseMillis) {
        // A job whose owner died in its last attempt would be claimed for ever: it is buried here.
        String bury = "update weir.work_queue set dead = true, last_error = coalesce(last_error, '') || ' (the lease"
            + " of the last attempt ran out)' where id in (select id from weir.work_queue where kind = ? and not dead"
            + " and attempt >= ? and lease_until < now() for update skip locked)";
        String claim = "update weir.work_queue set attempt = attempt + 1, lease_owner = ?,"
                + " lease_token = gen_random_uuid()::text, lease_until = " + LATER
                + " where id = (select id from weir.work_queue where kind = ? and not dead and due_at <= now() and"
                + " (lease_until is null or lease_until < now()) order by due_at, id limit 1 for update skip locked)"
                + " returning id, kind, tenant, key, payload, attempt, lease_token";
        return sql.all("claim a job", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(bury)) {
                statement.setString(1, kind);
                statement.setInt(2, settings.attemptsMax());
                statement.executeUpdate();
            }
            try (PreparedStatement statement = connection.prepareStatement(claim)) {
                statement.setString(1, owner);
                statement.setLong(2, leaseMillis);
                statement.setString(3, kind);
                return readJob(statement);
            }
        });
    }

    private static Optional<Job> readJob(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            if (!row.next()) {
                return Optional.empty();
            }
            return Optional.of(new Job(
                    row.getLong("id"),
                    row.getString("kind"),
                    row.getString("tenant"),
                    row.getString("key"),
                    row.getString("payload"),
                    row.getInt("attempt"),
                    row.getString("lease_token")));
        }
    }

    boolean renew(Job job, long leaseMillis) {
        return sql.single("renew a lease", connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("update weir.work_queue set lease_until = " + LATER + MINE)) {
                statement.setLong(1, leaseMillis);
                return updateMine(statement, 2, job);
            }
        });
    }

    boolean complete(Job job) {
        return sql.single("complete a job", connection -> {
            try (PreparedStatement statement = connection.prepareStatement("delete from weir.work_queue" + MINE)) {
                return updateMine(statement, 1, job);
            }
        });
    }

    boolean fail(Job job, String error) {
        return sql.single("give a job back", (Connection connection) -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "update weir.work_queue set dead = attempt >= ?, last_error = ?, due_at = " + LATER
                            + ", lease_owner = null, lease_token = null, lease_until = null" + MINE)) {
                statement.setInt(1, settings.attemptsMax());
                statement.setString(2, error);
                statement.setLong(3, settings.delayMillis(job.attempt()));
                return updateMine(statement, 4, job);
            }
        });
    }

    private static boolean updateMine(PreparedStatement statement, int first, Job job) throws SQLException {
        statement.setLong(first, job.id());
        statement.setString(first + 1, job.leaseToken());
        return statement.executeUpdate() == 1;
    }
}
