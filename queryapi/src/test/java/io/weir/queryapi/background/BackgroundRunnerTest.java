package io.weir.queryapi.background;

import static io.weir.queryapi.testkit.TestingApi.instant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.promql.error.QueryException;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.BackgroundQueries.Sample;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.testkit.TestingQueryListener;
import io.weir.workcoord.coordinator.Priority;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Queries that no user waits for: as a user's, but apart from them, and bounded. */
final class BackgroundRunnerTest {
    private static final String TENANT = TestingLake.TENANT;

    @TempDir
    private Path folder;

    private final TestingLake lake = new TestingLake(60_000)
            .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 2, 3)
            .add(Labels.of("__name__", "up", "job", "b"), 0, 10_000, 10, 20, 30);

    private TestingApi start(BackgroundSettings settings) {
        return new TestingApi(lake, folder, TestingApi.settings().withBackground(settings));
    }

    private TestingApi start() {
        return start(BackgroundSettings.DEFAULT);
    }

    private static long soon() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    }

    @Test
    void aQueryHasTheValueThatAUserWouldSee() throws Exception {
        try (TestingApi api = start()) {
            BackgroundQueries queries = api.background();
            assertThat(queries.evaluate(TENANT, "sum_over_time(up[1m])", 20_000, soon())
                            .samples())
                    .containsExactly(new Sample(Labels.of("job", "a"), 6), new Sample(Labels.of("job", "b"), 60));
            assertThat(queries.evaluate(TENANT, "sort_desc(up)", 20_000, soon()).samples())
                    .extracting(Sample::value)
                    .containsExactly(30.0, 3.0);
            assertThat(queries.evaluate(TENANT, "scalar(up{job='a'})", 20_000, soon())
                            .samples())
                    .containsExactly(new Sample(Labels.EMPTY, 3));
            assertThat(queries.evaluate(TENANT, "absent_metric", 20_000, soon()).samples())
                    .isEmpty();
            assertThat(api.workManager().priorities()).isNotEmpty().containsOnly(Priority.BACKGROUND);
        }
    }

    @Test
    void itSaysAboutAQueryWhatAUserWouldRead() throws Exception {
        try (TestingApi api = start()) {
            String query = "sum(rate(up[1m]))";
            List<String> said = api.background().evaluate(TENANT, query, 20_000, soon()).annotations().stream()
                    .map(annotation -> annotation.render(query))
                    .toList();
            assertThat(said).hasSize(1);
            assertThat(said.getFirst()).contains("might not be a counter").endsWith("(1:10)");
            assertThat(api.body(instant(query, "20")))
                    .contains("might not be a counter")
                    .contains("(1:10)");
        }
    }

    @Test
    void itIsNoPartOfTheUsersQueries() throws Exception {
        TestingQueryListener listener = new TestingQueryListener();
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings(), Tracing.OFF, listener)) {
            List<Sample> samples =
                    api.background().evaluate(TENANT, "up", 20_000, soon()).samples();
            assertThat(samples).hasSize(2);
            String metrics = api.body("/metrics");
            assertThat(metrics)
                    .contains("weir_query_seconds_count{kind=\"instant\",outcome=\"success\"} 0")
                    .contains("weir_query_samples_total 0")
                    .contains("weir_query_planning_seconds_count 0")
                    .contains("weir_background_query_seconds_count{outcome=\"success\"} 1")
                    .contains("weir_background_wait_seconds_count 1");
            assertThat(metrics).doesNotContain("weir_background_samples_total 0.0");
            assertThat(listener.events()).isEmpty();
            assertThat(api.workManager().leftFiles()).isEmpty();
        }
    }

    @Test
    void whatHasNoValueAtATimeIsRefused() {
        lake.addHistogram(Labels.of("__name__", "h"), 20_000, Histogram.empty());
        try (TestingApi api = start()) {
            BackgroundQueries queries = api.background();
            assertThatThrownBy(() -> queries.evaluate(TENANT, "up[1m]", 20_000, soon()))
                    .isInstanceOf(QueryException.BadData.class)
                    .hasMessageContaining("instant vectors");
            assertThatThrownBy(() -> queries.evaluate(TENANT, "'text'", 20_000, soon()))
                    .isInstanceOf(QueryException.BadData.class);
            assertThatThrownBy(() -> queries.evaluate(TENANT, "up[", 20_000, soon()))
                    .isInstanceOf(QueryException.Parse.class);
            assertThatThrownBy(() -> queries.evaluate(TENANT, "h", 20_000, soon()))
                    .isInstanceOf(QueryException.Unsupported.class)
                    .hasMessageContaining("histograms");
        }
    }

    @Test
    void aDownCatalogIsSaidAsIs() throws Exception {
        try (TestingApi api = start()) {
            lake.setUnavailable(true);
            assertThatThrownBy(() -> api.background().evaluate(TENANT, "up", 20_000, soon()))
                    .isInstanceOf(DatabaseUnavailableException.class);
            assertThat(api.body("/metrics")).contains("weir_background_query_seconds_count{outcome=\"failed\"} 1");
        }
    }

    @Test
    void itEndsAtItsDeadlineWhileItsWorkWaits() throws Exception {
        try (TestingApi api = start()) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
            assertThatThrownBy(() -> api.background().evaluate(TENANT, "up", 20_000, deadline))
                    .isInstanceOf(QueryException.Timeout.class);
            assertThat(api.workManager().cancellations()).hasSize(1);
            assertThatThrownBy(() -> api.background().evaluate(TENANT, "up", 20_000, deadline))
                    .isInstanceOf(QueryException.Timeout.class)
                    .hasMessageContaining("before it began");
            gate.countDown();
            await().until(() -> api.workManager().leftFiles().isEmpty());
        }
    }

    private static CompletableFuture<List<Sample>> start(BackgroundQueries queries, String text) {
        CompletableFuture<List<Sample>> answer = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                answer.complete(queries.evaluate(TENANT, text, 20_000, soon()).samples());
            } catch (InterruptedException | RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    @Test
    void whoeverInterruptsItEndsItsWork() throws Exception {
        try (TestingApi api = start()) {
            api.workManager().setGate(new CountDownLatch(1));
            CompletableFuture<Throwable> ended = new CompletableFuture<>();
            Thread thread = Thread.ofVirtual().start(() -> {
                try {
                    ended.complete(new IllegalStateException(
                            "answered: " + api.background().evaluate(TENANT, "up", 20_000, soon())));
                } catch (InterruptedException | RuntimeException e) {
                    ended.complete(e);
                }
            });
            await().until(() -> !api.workManager().units().isEmpty());
            thread.interrupt();
            assertThat(ended.get(5, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
            assertThat(api.workManager().cancellations()).hasSize(1);
            assertThat(api.body("/metrics")).contains("weir_background_query_seconds_count{outcome=\"canceled\"} 1");
        }
    }

    @Test
    void soManyRunSoManyWaitAndTheNextIsRefused() throws Exception {
        try (TestingApi api = start(new BackgroundSettings(1, 1, 0))) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<List<Sample>> running = start(api.background(), "up");
            await().until(() -> api.workManager().priorities().size() == 1);
            CompletableFuture<List<Sample>> waiting = start(api.background(), "up");
            await().until(() -> api.body("/metrics").contains("weir_background_waiting 1.0"));
            assertThat(api.body("/metrics")).contains("weir_background_running 1.0");
            assertThatThrownBy(() -> api.background().evaluate(TENANT, "up", 20_000, soon()))
                    .isInstanceOf(QueryException.Unavailable.class)
                    .hasMessageContaining("background-waiting-max");
            assertThat(api.body("/metrics")).contains("weir_background_query_seconds_count{outcome=\"refused\"} 1");
            gate.countDown();
            assertThat(running.get(10, TimeUnit.SECONDS)).hasSize(2);
            assertThat(waiting.get(10, TimeUnit.SECONDS)).hasSize(2);
            assertThat(api.body("/metrics"))
                    .contains("weir_background_running 0.0")
                    .contains("weir_background_waiting 0.0");
        }
    }

    /** A user's query that runs for as long as the gate is closed. */
    private static CompletableFuture<String> user(TestingApi api) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return api.body(instant("up", "20"));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void itRunsWhenNoUserIsWaiting() throws Exception {
        try (TestingApi api = start(new BackgroundSettings(1, 1, 10_000))) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<String> user = user(api);
            await().until(() -> api.workManager().priorities().size() == 1);
            CompletableFuture<List<Sample>> background = start(api.background(), "up");
            await().until(() -> api.body("/metrics").contains("weir_background_waiting 1.0"));
            await().during(Duration.ofMillis(300))
                    .until(() -> api.workManager().priorities().equals(List.of(Priority.INTERACTIVE)));
            gate.countDown();
            assertThat(user.get(10, TimeUnit.SECONDS)).contains("\"success\"");
            // Well before the ten seconds are over.
            assertThat(background.get(5, TimeUnit.SECONDS)).hasSize(2);
        }
    }

    @Test
    void itWaitsForUsersNoLongerThanTheSettingSays() throws Exception {
        try (TestingApi api = start(new BackgroundSettings(1, 1, 50))) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<String> user = user(api);
            await().until(() -> api.workManager().priorities().size() == 1);
            CompletableFuture<List<Sample>> background = start(api.background(), "up");
            await().until(() ->
                    api.workManager().priorities().equals(List.of(Priority.INTERACTIVE, Priority.BACKGROUND)));
            gate.countDown();
            assertThat(user.get(10, TimeUnit.SECONDS)).contains("\"success\"");
            assertThat(background.get(10, TimeUnit.SECONDS)).hasSize(2);
        }
    }

    @Test
    void oneThatWaitsEndsAtItsDeadline() throws Exception {
        try (TestingApi api = start(new BackgroundSettings(1, 1, 0))) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<List<Sample>> running = start(api.background(), "up");
            await().until(() -> api.workManager().priorities().size() == 1);
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(100);
            assertThatThrownBy(() -> api.background().evaluate(TENANT, "up", 20_000, deadline))
                    .isInstanceOf(QueryException.Timeout.class)
                    .hasMessageContaining("background-concurrent-max");
            gate.countDown();
            assertThat(running.get(10, TimeUnit.SECONDS)).hasSize(2);
        }
    }

    @Test
    void aServerThatStopsEndsThem() throws Exception {
        ApiSettings settings = TestingApi.settings();
        try (TestingApi api = new TestingApi(lake, folder, settings)) {
            api.workManager().setGate(new CountDownLatch(1));
            CompletableFuture<List<Sample>> running = start(api.background(), "up");
            await().until(() -> !api.workManager().units().isEmpty());
            api.stopServer();
            assertThat(running)
                    .failsWithin(5, TimeUnit.SECONDS)
                    .withThrowableThat()
                    .havingRootCause()
                    .isInstanceOf(QueryException.Canceled.class);
            assertThatThrownBy(() -> api.background().evaluate(TENANT, "up", 20_000, soon()))
                    .isInstanceOf(QueryException.Unavailable.class)
                    .hasMessageContaining("stopping");
        }
    }
}
