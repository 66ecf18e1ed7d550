package io.weir.eventstats.stats.paging;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.auth.AccessPattern;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.TestingLoad;
import io.weir.eventstats.stats.TestingStats;
import io.weir.eventstats.stats.query.TimeRange;
import io.weir.eventstats.stats.topic.FilteredRows;
import io.weir.eventstats.stats.topic.TopicRows;
import io.weir.eventstats.stats.topic.Topics;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plans of raw pages over 30,000 jobs, printed: none reads a table from end to end. */
final class PagePlanTest {
    private static final long DAY = 86_400_000L;

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

    private static String plan(String what, String topic, RowFilter filter, PageRequest request) throws Exception {
        TopicRows rows = Topics.of(true).find(topic).orElseThrow().rows().orElseThrow();
        FilteredRows visible = FilteredRows.of(rows, filter);
        String text = RawPages.statement(
                rows.page().orElseThrow(), visible, request.before().isEmpty());
        List<String> lines = new ArrayList<>();
        try (Connection connection = stats.administration().getConnection();
                PreparedStatement statement = connection.prepareStatement("EXPLAIN (ANALYZE, BUFFERS OFF) " + text)) {
            RawPages.bind(statement, visible, request);
            try (ResultSet plan = statement.executeQuery()) {
                while (plan.next()) {
                    lines.add(plan.getString(1));
                }
            }
        }
        String plan = String.join("\n", lines);
        System.out.println("EXPLAIN page of " + topic + ", " + what + "\n" + plan + "\n");
        return plan;
    }

    @Test
    void noPageReadsATableFromEndToEnd() throws Exception {
        long now = System.currentTimeMillis();
        TimeRange week = new TimeRange(now - 7 * DAY, now);
        TimeRange old = new TimeRange(now - 60 * DAY, now - 60 * DAY + 3_600_000);
        RowFilter tenant = new RowFilter(new TreeMap<>(Map.of("tenant_id", List.of(AccessPattern.parse("T2", 100)))));
        for (String topic : List.of(Topics.RUNS, Topics.QUERY_RUNS)) {
            List<String> plans = List.of(
                    plan("first", topic, RowFilter.ALL_ROWS, new PageRequest(week, OptionalLong.empty(), 50)),
                    plan("later", topic, RowFilter.ALL_ROWS, new PageRequest(week, OptionalLong.of(29_500), 50)),
                    plan(
                            "an hour of long ago",
                            topic,
                            RowFilter.ALL_ROWS,
                            new PageRequest(old, OptionalLong.empty(), 50)),
                    plan("of one tenant", topic, tenant, new PageRequest(week, OptionalLong.empty(), 50)));
            assertThat(plans)
                    .allSatisfy(
                            plan -> assertThat(plan).doesNotContain("Seq Scan").contains("Index"));
        }
    }
}
