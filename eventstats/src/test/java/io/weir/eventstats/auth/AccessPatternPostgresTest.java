package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whatever pattern is accepted matches the same values in RE2 and in a real PostgreSQL. */
final class AccessPatternPostgresTest {
    private static final int PATTERNS = Integer.getInteger("weir.patterns", 3_000);
    private static final int VALUES = 24;

    @SuppressWarnings("NullAway.Init")
    private static EmbeddedPostgres postgres;

    @SuppressWarnings("NullAway.Init")
    private static Connection connection;

    @BeforeAll
    static void start() throws IOException, SQLException {
        postgres = EmbeddedPostgres.start();
        connection = postgres.getPostgresDatabase().getConnection();
    }

    @AfterAll
    static void stop() throws IOException, SQLException {
        connection.close();
        postgres.close();
    }

    private static List<Boolean> inPostgres(List<String> values, List<String> patterns) throws SQLException {
        String sql = "SELECT value ~ ANY (?::text[]) FROM unnest(?::text[]) WITH ORDINALITY AS v(value, n) ORDER BY n";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            Array bound = connection.createArrayOf("text", patterns.toArray());
            statement.setArray(1, bound);
            statement.setArray(2, connection.createArrayOf("text", values.toArray()));
            List<Boolean> matches = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    matches.add(rows.getBoolean(1));
                }
            }
            return matches;
        }
    }

    @Test
    void randomPatternsMeanTheSame() throws SQLException {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        int accepted = 0;
        int matched = 0;
        for (int i = 0; i < PATTERNS; i++) {
            RandomPatterns patterns = new RandomPatterns(random.split());
            String text = patterns.pattern();
            AccessPattern pattern;
            try {
                pattern = AccessPattern.parse(text, 256);
            } catch (IllegalArgumentException e) {
                continue;
            }
            accepted++;
            List<String> values = patterns.values(text, VALUES);
            List<Boolean> ours = values.stream().map(pattern::matches).toList();
            assertThat(inPostgres(values, List.of(pattern.postgres())))
                    .as("seed=%d pattern <%s> as <%s> on %s", seed, text, pattern.postgres(), values)
                    .isEqualTo(ours);
            matched += (int) ours.stream().filter(match -> match).count();
        }
        assertThat(accepted).as("patterns compared, seed=%d", seed).isGreaterThan(PATTERNS / 2);
        assertThat(matched).as("values that matched, seed=%d", seed).isGreaterThan(PATTERNS / 2);
    }

    /** The largest patterns that are accepted: no engine may refuse them or take long. */
    @Test
    void theLargestPatternsAreQuickInBoth() throws SQLException {
        String letters = "a".repeat(250);
        for (String text : List.of(
                "(a?){255}a",
                "(a?){255}",
                "(a*){255}",
                "((a|b|c?){8}){10}",
                "(.{0,30}a){8}",
                "(a?b?){128}",
                "([a-z0-9_-]*[A-Z]?){128}",
                "((((a{4}){4}){4}){4})",
                "a{0,128}b{0,128}",
                "(((a?){2}){8}){16}",
                "(a|" + "b|".repeat(120) + ")*")) {
            AccessPattern pattern = AccessPattern.parse(text, 256);
            long start = System.nanoTime();
            List<String> values = List.of(letters, letters + "!", "ab".repeat(120), "");
            List<Boolean> ours = values.stream().map(pattern::matches).toList();
            long between = System.nanoTime();
            List<Boolean> theirs = inPostgres(values, List.of(pattern.postgres()));
            long end = System.nanoTime();
            System.out.printf(
                    "largest patterns: %-28s RE2 %6.1f ms, PostgreSQL %6.1f ms%n",
                    text.length() > 28 ? text.substring(0, 28) : text, (between - start) / 1e6, (end - between) / 1e6);
            assertThat(theirs).as(text).isEqualTo(ours);
            assertThat(end - start).as("nanoseconds of " + text).isLessThan(3_000_000_000L);
        }
    }

    @Test
    void aFieldPassesByAnyOfItsPatternsAndNullByNone() throws SQLException {
        TreeMap<String, List<AccessPattern>> fields = new TreeMap<>();
        fields.put("tenant", List.of(AccessPattern.parse("T1", 9), AccessPattern.parse("T2.*", 9)));
        RowFilter filter = new RowFilter(fields);
        List<String> bound = filter.postgresPatternsByField().getOrDefault("tenant", List.of());
        assertThat(inPostgres(List.of("T1", "T2x\ny", "xT1", "T1\n"), bound)).containsExactly(true, true, false, false);
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT 1 WHERE NULL::text ~ ANY (?::text[]) IS TRUE")) {
            statement.setArray(1, connection.createArrayOf("text", bound.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                assertThat(rows.next()).isFalse();
            }
        }
    }
}
