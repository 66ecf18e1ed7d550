package io.weir.eventstats.stats.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.eventstats.auth.AccessPattern;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.TestingLoad;
import io.weir.eventstats.stats.TestingStats;
import io.weir.eventstats.stats.registry.QueryRegistry;
import io.weir.eventstats.stats.registry.StatsQuery;
import io.weir.eventstats.stats.topic.FilteredRows;
import io.weir.eventstats.stats.topic.Topics;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plan of every shipped query over 30,000 jobs, printed; it finds its window of 3 days of 90 by an index. */
final class QueryPlanTest {
    private static final Map<String, String> INDEX = Map.of(
            Topics.RUNS, "public_cps_za_runs_",
            Topics.STATUS_CHANGE, "public_cps_za_status_change_",
            Topics.QUERY_RUNS, "promql_query_runs_");

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres postgres;
    private static TestingStats stats;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        stats = new TestingStats(TestingStats.database(postgres), StatsSettings.DEFAULT, Clock.systemUTC(), folder);
        TestingLoad.fill(stats, 30_000);
    }

    @AfterAll
    static void stop() throws Exception {
        stats.close();
        postgres.close();
    }

    private static String plan(StatsQuery query, ObjectNode body, RowFilter filter) throws Exception {
        FilteredRows rows = FilteredRows.of(
                Topics.of(true).find(query.topic()).orElseThrow().rows().orElseThrow(), filter);
        Arguments arguments = Arguments.of(query, body, System.currentTimeMillis());
        String url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres?prepareThreshold=0";
        List<String> lines = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
                PreparedStatement statement =
                        connection.prepareStatement("EXPLAIN (ANALYZE, BUFFERS OFF) " + query.statement(rows))) {
            QueryRunner.bind(statement, query, rows, arguments);
            try (ResultSet plan = statement.executeQuery()) {
                while (plan.next()) {
                    lines.add(plan.getString(1));
                }
            }
        }
        return String.join("\n", lines);
    }

    @Test
    void everyQueryFindsItsWindowByAnIndex() throws Exception {
        RowFilter tenant = new RowFilter(new TreeMap<>(Map.of("tenant_id", List.of(AccessPattern.parse("T2", 100)))));
        for (StatsQuery query : QueryRegistry.load(Topics.of(true), "", 30_000).all()) {
            ObjectNode body = JsonNodeFactory.instance.objectNode().put("window_days", 3);
            String all = plan(query, body, RowFilter.ALL_ROWS);
            System.out.println("EXPLAIN " + query.name() + "\n" + all + "\n");
            String index = INDEX.get(query.topic());
            assertThat(all)
                    .as(query.name())
                    .containsPattern("Index (Only )?(Scan|Cond).*" + index + "(started|updated)|on " + index
                            + "(started|updated)");
            assertThat(all)
                    .as(query.name())
                    .containsAnyOf(
                            "Index Cond: ((timestamp_start >= ",
                            "Index Cond: ((started_at >= ",
                            "Index Cond: ((last_updated_at >= ");
            String filtered = plan(query, body, tenant);
            System.out.println("EXPLAIN " + query.name() + " for a caller who sees one tenant\n" + filtered + "\n");
            assertThat(filtered).as(query.name()).contains(index);
            assertThat(filtered).as(query.name()).containsAnyOf("= ANY ('{T2}'", "'T2'::text");
            String asked = plan(query, body.deepCopy().put("tenant", "T3"), RowFilter.ALL_ROWS);
            assertThat(asked)
                    .as(query.name() + " of one tenant")
                    .contains(index)
                    .contains("'T3'::text");
        }
    }
}
