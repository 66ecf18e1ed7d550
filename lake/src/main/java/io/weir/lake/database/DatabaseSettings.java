package io.weir.lake.database;

/**
 * How to reach PostgreSQL.
 *
 * @param jdbcUrl {@code jdbc:postgresql://host:port/database}
 * @param connectionsMax connections of the pool
 * @param acquireTimeoutMillis longest wait for a free connection
 * @param connectTimeoutMillis longest wait for a new connection
 * @param statementTimeoutMillis longest run of a statement, on the server
 * @param socketTimeoutMillis longest wait for bytes of an answer; more than the statement timeout
 */
public record DatabaseSettings(
        String jdbcUrl,
        String user,
        String password,
        int connectionsMax,
        long acquireTimeoutMillis,
        long connectTimeoutMillis,
        long statementTimeoutMillis,
        long socketTimeoutMillis) {
    public DatabaseSettings {
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException(
                    "the catalog's database must be PostgreSQL: give a URL jdbc:postgresql://host:port/database");
        }
        // Hikari accepts no acquisition timeout below 250 ms.
        if (connectionsMax < 1
                || acquireTimeoutMillis < 250
                || connectTimeoutMillis < 1
                || statementTimeoutMillis < 1
                || socketTimeoutMillis <= statementTimeoutMillis) {
            throw new IllegalArgumentException("database limits must be positive, the acquire timeout at least 250 ms"
                    + " and the socket timeout longer than the statement timeout");
        }
    }

    public static DatabaseSettings of(String jdbcUrl, String user, String password) {
        return new DatabaseSettings(jdbcUrl, user, password, 8, 5_000, 5_000, 10_000, 15_000);
    }

    /** The same database, by another number of connections. */
    public DatabaseSettings withConnections(int otherConnectionsMax) {
        return new DatabaseSettings(
                jdbcUrl,
                user,
                password,
                otherConnectionsMax,
                acquireTimeoutMillis,
                connectTimeoutMillis,
                statementTimeoutMillis,
                socketTimeoutMillis);
    }

    @Override
    public String toString() {
        return "DatabaseSettings[" + jdbcUrl + ", user " + user + ", at most " + connectionsMax + " connections]";
    }
}
