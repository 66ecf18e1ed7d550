package io.weir.eventstats.stats.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.stats.TestingStats;
import io.weir.eventstats.stats.topic.Topics;
import io.weir.lake.database.Databases;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of named queries, good and broken; what a query reads is asked of a real schema. */
final class QueryFileTest {
    private static final String GOOD = """
        name: good
        topic: public.cps.za.runs
        description: Jobs by tenant
        window: {days_default: 7, days_max: 90}
        parameters:
          - {name: tenant, type: string, description: Only this tenant}
          - {name: least, type: integer, default: 1, min: 0, max: 10, description: Smallest count}
        columns:
          - {name: tenant_id, type: string}
          - {name: jobs, type: integer}
        max_rows: 10
        timeout_millis: 1000
        sql: |
          SELECT tenant_id, count(*) AS jobs FROM topic_rows
          WHERE run_timestamp_start BETWEEN :window_start AND :window_end AND (:tenant IS NULL OR tenant_id = :tenant)
          GROUP BY tenant_id HAVING count(*) >= :least
        """;
    private static final Topics TOPICS = Topics.of(true);

    @TempDir
    private Path folder;

    private static EmbeddedPostgres postgres;
    private static HikariDataSource database;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        database = Databases.open(TestingStats.database(postgres));
        EventStatsSchema.migrate(database);
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE VIEW public.sneaky AS SELECT tenant_id FROM public.public_cps_za_runs");
            statement.execute("CREATE FUNCTION public.sneak() RETURNS bigint LANGUAGE sql AS"
                    + " 'SELECT count(*) FROM public.public_cps_za_runs'");
        }
    }

    @AfterAll
    static void stop() throws IOException {
        database.close();
        postgres.close();
    }

    private static StatsQuery parse(String yaml) {
        return QueryFile.parse("good.yaml", yaml, 30_000);
    }

    private static void check(StatsQuery query) throws SQLException {
        QueryCheck.check(
                database, query, TOPICS.find(query.topic()).orElseThrow().rows().orElseThrow());
    }

    @Test
    void readsAFile() throws SQLException {
        StatsQuery query = parse(GOOD);
        assertThat(query.bindings()).containsExactly("window_start", "window_end", "tenant", "tenant", "least");
        assertThat(query.parameters().get(1).defaultValue()).isEqualTo(1L);
        assertThat(query.rowsMax()).isEqualTo(10);
        check(query);
    }

    @Test
    void refusesBrokenFilesByName() {
        Map<String, String> changes = Map.ofEntries(
                Map.entry("name: good|name: Good One", "is no name"),
                Map.entry("max_rows: 10|max_rows: 0", "'max_rows' in the file must be 1 to 10000"),
                Map.entry("max_rows: 10|max_rows: ten", "must be an integer"),
                Map.entry("max_rows: 10\n|", "'max_rows' is missing"),
                Map.entry(
                        "timeout_millis: 1000|timeout_millis: 99999999",
                        "'timeout_millis' in the file must be 1 to 30000"),
                Map.entry("max_rows: 10|max_rows: 10\ncolour: red", "'colour' in the file is unknown"),
                Map.entry("type: integer, default: 1|type: decimal, default: 1", "'type' must be one of"),
                Map.entry(
                        "default: 1, min|default: 11, min",
                        "the default of parameter 'least' must be between 0 and 10"),
                Map.entry("default: 1, min|default: one, min", "must be of type integer"),
                Map.entry("min: 0, max: 10|min: 20, max: 10", "min above its max"),
                Map.entry("name: tenant,|name: window_days,", "declared twice"),
                Map.entry(">= :least|>= 1", "parameter 'least' is not used"),
                Map.entry(":window_start AND :window_end|1 AND 2", "uses neither :window_start"),
                Map.entry("FROM topic_rows|FROM public.public_cps_za_runs", "from topic_rows"),
                Map.entry("topic: public.cps.za.runs|topic: 5", "'topic' in the file must be a text"),
                Map.entry("description: Jobs by tenant|description: {a: b}", "must be a text"),
                Map.entry("name: good|name: good\nname: better", "duplicate key"));
        changes.forEach((change, why) -> {
            String[] parts = change.split("\\|", 2);
            String yaml = GOOD.replace(parts[0], parts[1]);
            assertThat(yaml).as(change).isNotEqualTo(GOOD);
            assertThatThrownBy(() -> parse(yaml))
                    .as(change)
                    .isInstanceOf(QueryFileException.class)
                    .hasMessageStartingWith("good.yaml: ")
                    .hasMessageContaining(why);
        });
        for (String yaml : List.of("", "[]", "a: &x [1]\nb: *x", "\t", "!!java.io.File [x]")) {
            assertThatThrownBy(() -> parse(yaml)).as(yaml).isInstanceOf(QueryFileException.class);
        }
    }

    /** A query that goes round the filter is refused, however it does. */
    @Test
    void refusesWhatReadsMoreThanItsTopic() {
        String end = " LIMIT 1";
        Map<String, String> bodies = Map.of(
                "SELECT t.tenant_id, count(*) AS jobs FROM topic_rows t, public.public_cps_za_runs r WHERE"
                        + " t.run_timestamp_start > :window_start GROUP BY 1" + end,
                "table public_cps_za_runs",
                "SELECT (SELECT max(tenant_id)::text FROM public_cps_za_runs) AS tenant_id, count(*) AS jobs FROM"
                        + " topic_rows WHERE run_timestamp_start > :window_start" + end,
                "table public_cps_za_runs",
                "WITH topic_rows AS (SELECT *, 1::bigint AS run_timestamp_start FROM public_cps_za_runs) SELECT"
                    + " tenant_id, count(*) AS jobs FROM topic_rows WHERE run_timestamp_start > :window_start GROUP BY"
                    + " 1"
                        + end,
                "table public_cps_za_runs",
                "SELECT s.tenant_id, count(*) AS jobs FROM sneaky s JOIN topic_rows t USING (tenant_id) WHERE"
                        + " false AND run_timestamp_start > :window_start GROUP BY 1" + end,
                "view sneaky",
                "SELECT tenant_id, public.sneak() AS jobs FROM topic_rows WHERE run_timestamp_start > :window_start"
                        + end,
                "function sneak()");
        bodies.forEach((sql, read) -> {
            String head = GOOD.substring(0, GOOD.indexOf("parameters:"));
            String columns = GOOD.substring(GOOD.indexOf("columns:"), GOOD.indexOf("sql:"));
            StatsQuery query = parse(head + columns + "sql: \"" + sql.replace("\"", "\\\"") + "\"\n");
            assertThatThrownBy(() -> check(query))
                    .as(sql)
                    .isInstanceOf(QueryFileException.class)
                    .hasMessageStartingWith("good.yaml: the SQL reads [")
                    .hasMessageContaining(read);
        });
    }

    @Test
    void refusesWhatTheSchemaDoesNotHold() throws SQLException {
        Map<String, String> changes = Map.of(
                "SELECT tenant_id|SELECT tenant", "PostgreSQL refuses the SQL",
                "GROUP BY tenant_id HAVING|HAVING", "PostgreSQL refuses the SQL",
                "count(*) AS jobs|count(*)::numeric AS jobs", "but the SQL gives [tenant_id string, jobs number]",
                "count(*) AS jobs|count(*) AS job_count", "but the SQL gives [tenant_id string, job_count integer]",
                "count(*) AS jobs|array_agg(1) AS jobs", "column 'jobs' is of type _int4",
                "count(*) >= :least|least(1, :least) IS NULL FOR UPDATE", "PostgreSQL refuses the SQL");
        for (Map.Entry<String, String> change : changes.entrySet()) {
            String[] parts = change.getKey().split("\\|", 2);
            StatsQuery query = parse(GOOD.replace(parts[0], parts[1]));
            assertThatThrownBy(() -> check(query))
                    .as(change.getKey())
                    .isInstanceOf(QueryFileException.class)
                    .hasMessageStartingWith("good.yaml: ")
                    .hasMessageContaining(change.getValue());
        }
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet left =
                        statement.executeQuery("SELECT count(*) FROM pg_class WHERE relname = 'weir_stats_check'")) {
            left.next();
            assertThat(left.getInt(1)).as("nothing is left behind").isZero();
        }
    }

    /** One file is one query: it is there under its name, with those that are built in. */
    @Test
    void loadsAFolder() throws IOException {
        Files.writeString(folder.resolve("good.yaml"), GOOD);
        Files.writeString(folder.resolve("README"), "not a query");
        QueryRegistry registry = QueryRegistry.load(TOPICS, folder.toString(), 30_000);
        assertThat(registry.find("public.cps.za.runs", "good")).isPresent();
        assertThat(registry.find("promql.query.runs", "good")).isEmpty();
        assertThat(registry.find("public.cps.za.runs", "nope")).isEmpty();
        assertThat(registry.all()).hasSize(QueryRegistry.BUILT_IN.size() + 1);
        assertThat(registry.ofTopic("public.cps.za.runs").stream().map(StatsQuery::name))
                .containsExactly("aggregation_by_catalog", "failed_jobs_last_7d", "good", "run_status_summary");
        Files.writeString(folder.resolve("other.yaml"), GOOD);
        assertThatThrownBy(() -> QueryRegistry.load(TOPICS, folder.toString(), 30_000))
                .hasMessage("other.yaml: the query's name is 'good': call the file good.yaml");
        Files.delete(folder.resolve("other.yaml"));
        Files.writeString(folder.resolve("tenant_usage.yaml"), GOOD.replace("name: good", "name: tenant_usage"));
        assertThatThrownBy(() -> QueryRegistry.load(TOPICS, folder.toString(), 30_000))
                .hasMessage("tenant_usage.yaml: there is another query with that name");
        Files.writeString(
                folder.resolve("tenant_usage.yaml"), GOOD.replace("public.cps.za.runs", "public.cps.za.test"));
        assertThatThrownBy(() -> QueryRegistry.load(TOPICS, folder.toString(), 30_000))
                .isInstanceOf(QueryFileException.class);
        assertThatThrownBy(() ->
                        QueryRegistry.load(TOPICS, folder.resolve("nowhere").toString(), 30_000))
                .hasMessageContaining("stats-queries-dir");
    }

    @Test
    void everyFileIsBuiltInAndFitsTheSchema() throws Exception {
        Path files = Path.of(QueryFileTest.class.getResource("/stats/queries").toURI());
        try (Stream<Path> entries = Files.list(files)) {
            assertThat(entries.map(file -> file.getFileName().toString().replace(".yaml", ""))
                            .sorted())
                    .isEqualTo(QueryRegistry.BUILT_IN);
        }
        for (StatsQuery query : QueryRegistry.load(TOPICS, "", 30_000).all()) {
            check(query);
            assertThat(query.window()).as(query.name()).isPresent();
            assertThat(query.window().orElseThrow().daysMax()).isEqualTo(90);
        }
    }
}
