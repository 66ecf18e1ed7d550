package io.weir.eventstats.stats;

/**
 * Bounds of raw rows and named statistics.
 *
 * @param enabled whether the routes are served
 * @param connectionsMax connections of the pool that reads
 * @param waitingMax requests that wait for a connection at the same time; one more is refused
 * @param acquireMillisMax longest wait for a connection, and for a new one to be made
 * @param dbUser user that reads; empty for the catalog's user, which then takes the role {@code weir_stats_reader}
 * @param dbPassword of that user
 * @param queriesDir folder with named queries beside those that are built in; empty for none
 * @param statementMillisMax longest read of a page, and upper bound of a query's own {@code timeout_millis}
 * @param requestBytesMax longest body of a request
 * @param responseBytesMax longest data of an answer: a page ends before, an aggregate is cut and says so
 * @param cacheBytesMax memory for results that are kept
 * @param healthMillisMax longest wait of {@code /health} for the database
 */
public record StatsSettings(
        boolean enabled,
        int connectionsMax,
        int waitingMax,
        long acquireMillisMax,
        String dbUser,
        String dbPassword,
        String queriesDir,
        long statementMillisMax,
        int requestBytesMax,
        int responseBytesMax,
        long cacheBytesMax,
        long healthMillisMax) {
    public static final StatsSettings DEFAULT =
            new StatsSettings(true, 4, 64, 2_000, "", "", "", 30_000, 64 << 10, 8 << 20, 16L << 20, 1_000);

    public StatsSettings {
        if (connectionsMax < 1) {
            throw new IllegalArgumentException("stats-connections-max must be at least 1");
        }
        if (waitingMax < 0) {
            throw new IllegalArgumentException("stats-waiting-max must not be negative");
        }
        // Hikari accepts no acquisition timeout below 250 ms.
        if (acquireMillisMax < 250) {
            throw new IllegalArgumentException("stats-acquire-millis-max must be at least 250");
        }
        if (dbUser.isEmpty() && !dbPassword.isEmpty()) {
            throw new IllegalArgumentException("stats-db-password needs stats-db-user");
        }
        if (statementMillisMax < 1 || requestBytesMax < 1 || healthMillisMax < 1 || cacheBytesMax < 0) {
            throw new IllegalArgumentException("stats-statement-millis-max, stats-request-bytes-max and"
                    + " stats-health-millis-max must be positive, stats-cache-bytes-max not negative");
        }
        if (responseBytesMax < 1024) {
            throw new IllegalArgumentException("stats-response-bytes-max must be at least 1024");
        }
    }

    /** Shows no password. */
    @Override
    public String toString() {
        return "StatsSettings[enabled " + enabled + ", at most " + connectionsMax + " connections, reads as "
                + (dbUser.isEmpty() ? "the catalog's user" : dbUser) + "]";
    }
}
