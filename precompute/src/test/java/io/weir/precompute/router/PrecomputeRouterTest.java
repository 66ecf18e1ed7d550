package io.weir.precompute.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.precompute.job.Job;
import io.weir.precompute.metrics.FeedbackMetrics;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TestingTickJobs;
import io.weir.precompute.result.TickResult;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.ForcedMonotonicity;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.spi.PrecomputedAnswers.Answer;
import io.weir.queryapi.spi.PrecomputedAnswers.Bounds;
import io.weir.queryapi.spi.PrecomputedAnswers.Hit;
import io.weir.queryapi.spi.PrecomputedAnswers.Miss;
import io.weir.queryapi.spi.PrecomputedAnswers.Question;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the results of jobs answer, and what they do not. */
final class PrecomputeRouterTest {
    private static final long T0 = 1_800_000_000_000L;
    private static final long LOOKBACK = 300_000;
    /** Of all jobs here. */
    private static final long GRANULARITY = 10_000;

    private static final long DELAY = 1_500;
    private static final long GRACE = 500;
    private static final Bounds BOUNDS = new Bounds(1_000_000, 10_000, 1 << 20);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ResultCache cache = new ResultCache(ResultSettings.DEFAULT, () -> T0);
    private final List<HitObserver.Observed> observed = new ArrayList<>();
    private final PrecomputeRouter router = new PrecomputeRouter(
            new RouterSettings(GRACE),
            job -> DELAY,
            cache,
            new FeedbackMetrics(registry),
            registry,
            observed::add,
            Clock.fixed(Instant.ofEpochMilli(T0 + 3_000), ZoneOffset.UTC));

    /** A job with ticks, the newest at T0. */
    private Job job(TestingTickJobs made, int ticks) {
        Job job = made.job();
        cache.add(job);
        for (int i = ticks - 1; i >= 0; i--) {
            cache.put(job, TestingTickJobs.result(job.jobId(), T0 - i * GRANULARITY, 2, 100 - i, true));
        }
        return job;
    }

    private static Question question(String query, StepGrid grid, boolean range, String tenant, long lookback) {
        return new Question(tenant, PromqlParser.parse(query, Feature.ALL), grid, range, lookback, LOOKBACK, BOUNDS);
    }

    private Answer bounded(String query, StepGrid grid, Bounds bounds) {
        return router.answer(new Question(
                "default", PromqlParser.parse(query, Feature.ALL), grid, true, LOOKBACK, LOOKBACK, bounds));
    }

    private Answer at(String query, long timeMillis) {
        return router.answer(question(query, StepGrid.instant(timeMillis), false, "default", LOOKBACK));
    }

    private Answer range(String query, long start, long end, long step) {
        return router.answer(question(query, new StepGrid(start, end, step), true, "default", LOOKBACK));
    }

    private static Hit hit(Answer answer) {
        assertThat(answer).isInstanceOf(Hit.class);
        return (Hit) answer;
    }

    private static String miss(Answer answer) {
        assertThat(answer).isInstanceOf(Miss.class);
        return ((Miss) answer).reason();
    }

    private double count(String name) {
        return registry.get(name).counter().count();
    }

    private double lookups(String outcome) {
        return registry.get("weir.precompute.lookups")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    @Test
    void theNewestTickAnswersAndIsCountedOnce() {
        job(TestingTickJobs.quantile("j1"), 3);
        Hit hit = hit(at(TestingTickJobs.P99, T0 + 4_000));
        assertThat(hit.jobId()).isEqualTo("j1");
        assertThat(hit.newestMillis()).isEqualTo(T0);
        assertThat(hit.ageMillis()).as("when the query asked").isEqualTo(3_000);
        assertThat(hit.errorBound()).isEqualTo("relative 0.01");
        assertThat(hit.series())
                .extracting(Series::labels)
                .containsExactly(Labels.of("host", "host-0"), Labels.of("host", "host-1"));
        assertThat(hit.series().getFirst().values()).containsExactly(100);
        assertThat(count("asapquery.precompute.cache.hits")).isEqualTo(1);
        assertThat(count("asapquery.precompute.cache.misses")).isZero();
        assertThat(lookups("hit")).isEqualTo(1);
        assertThat(cache.takeHits()).isEqualTo(Map.of("j1", 1L));
        assertThat(observed).hasSize(1);
        assertThat(observed.getFirst().tickMillis()).isEqualTo(T0);
    }

    @Test
    void lookingDoesNotCount() {
        job(TestingTickJobs.quantile("j1"), 1);
        Question asked = question(TestingTickJobs.P99, StepGrid.instant(T0), false, "default", LOOKBACK);
        hit(router.look(asked));
        miss(router.look(question("up", StepGrid.instant(T0), false, "default", LOOKBACK)));
        assertThat(count("asapquery.precompute.cache.hits")).isZero();
        assertThat(count("asapquery.precompute.cache.misses")).isZero();
        assertThat(cache.takeHits()).isEmpty();
        assertThat(observed).isEmpty();
    }

    @Test
    void otherSpellingsOfTheSameQueryAreHits() {
        job(TestingTickJobs.expression("j1").text("sum by (b, a) (rate(latency{x=\"1\",y!=\"2\"}[5m]))"), 1);
        for (String same : List.of(
                "sum by (a,b)(rate(latency{y!='2',x='1'}[5m]))",
                "sum(rate(latency{x=\"1\", y!=\"2\"}[300s])) by (b,a)",
                " sum  by(a , b) ( rate( latency { x = `1`, y != '2' } [ 5m ] ) ) # a comment")) {
            hit(at(same, T0));
        }
        assertThat(count("asapquery.precompute.cache.hits")).isEqualTo(3);
    }

    @Test
    void whatAsksForSomethingElseGoesToTheData() {
        job(TestingTickJobs.quantile("j1"), 3);
        List<String> others = List.of(
                "quantile_over_time(0.99, latency{service=\"web\",host=\"a\"}[5m])",
                "quantile_over_time(0.99, latency[5m])",
                "quantile_over_time(0.99, latency{service=~\"web\"}[5m])",
                "quantile_over_time(0.99, latency{service=\"web\"}[10m])",
                "quantile_over_time(0.99, latency{service=\"web\"}[5m] offset 5m)",
                "quantile_over_time(0.99, latency{service=\"web\"}[5m] @ " + T0 / 1000 + ")",
                "quantile_over_time(0.99, latency{service=\"web\"}[5m:10s])",
                "quantile_over_time(0.99, other{service=\"web\"}[5m])",
                "max_over_time(latency{service=\"web\"}[5m])",
                "sum(quantile_over_time(0.99, latency{service=\"web\"}[5m]))",
                "-quantile_over_time(0.99, latency{service=\"web\"}[5m])");
        for (String other : others) {
            assertThat(miss(at(other, T0))).as(other).isEqualTo("no job computes this query");
        }
        assertThat(count("asapquery.precompute.cache.misses")).isEqualTo(others.size());
        assertThat(count("asapquery.precompute.cache.hits")).isZero();
        assertThat(lookups("no_job")).isEqualTo(others.size());
    }

    @Test
    void aTenantHasNothingOfAnothersJobs() {
        job(TestingTickJobs.quantile("j1").tenant("acme"), 1);
        assertThat(miss(at(TestingTickJobs.P99, T0))).isEqualTo("no job computes this query");
        Question theirs = question(TestingTickJobs.P99, StepGrid.instant(T0), false, "acme", LOOKBACK);
        hit(router.answer(theirs));
        // Nor does explain tell of them.
        assertThat(miss(router.look(question(
                        "quantile_over_time(0.99, latency[5m])", StepGrid.instant(T0), false, "default", LOOKBACK))))
                .doesNotContain("j1");
    }

    @Test
    void aTickAnswersUntilItsSuccessorIsDue() {
        job(TestingTickJobs.quantile("j1"), 3);
        assertThat(hit(at(TestingTickJobs.P99, T0)).newestMillis()).isEqualTo(T0);
        // The newest one until the next may be here: granularity, delay and grace.
        long end = T0 + GRANULARITY + DELAY + GRACE;
        assertThat(hit(at(TestingTickJobs.P99, end - 1)).newestMillis()).isEqualTo(T0);
        assertThat(miss(at(TestingTickJobs.P99, end)))
                .contains("no fresh result")
                .contains("3 ticks from");
        // Those before it until their successors.
        assertThat(hit(at(TestingTickJobs.P99, T0 - 1)).newestMillis()).isEqualTo(T0 - GRANULARITY);
        assertThat(hit(at(TestingTickJobs.P99, T0 - 2 * GRANULARITY)).newestMillis())
                .isEqualTo(T0 - 2 * GRANULARITY);
        assertThat(miss(at(TestingTickJobs.P99, T0 - 2 * GRANULARITY - 1))).contains("no fresh result");
        assertThat(miss(at(TestingTickJobs.P99, T0 - 3_600_000))).contains("no fresh result");
        assertThat(lookups("time")).isEqualTo(3);
    }

    @Test
    void aGapBetweenTicksIsNotAnswered() {
        Job job = job(TestingTickJobs.quantile("j1"), 1);
        cache.put(job, TestingTickJobs.result("j1", T0 - 3 * GRANULARITY, 1, 7, false));
        assertThat(hit(at(TestingTickJobs.P99, T0 - 2 * GRANULARITY - 1)).newestMillis())
                .isEqualTo(T0 - 3 * GRANULARITY);
        // Not the newest, so without grace.
        miss(at(TestingTickJobs.P99, T0 - 2 * GRANULARITY));
        miss(at(TestingTickJobs.P99, T0 - 1));
    }

    @Test
    void aJobWithoutResultsOrWithHalfOfTheWindowIsNoAnswer() {
        Job job = job(TestingTickJobs.quantile("j1"), 0);
        assertThat(miss(at(TestingTickJobs.P99, T0))).contains("job j1 has no result yet");
        TickResult whole = TestingTickJobs.result("j1", T0, 1, 7, true);
        cache.put(
                job,
                new TickResult(
                        "j1", T0, whole.vector(), whole.bound(), 0.99, whole.computedAtMillis(), whole.sketches()));
        miss(at(TestingTickJobs.P99, T0));
        cache.put(job, whole);
        hit(at(TestingTickJobs.P99, T0));
    }

    @Test
    void anExpiredJobAnswersNothing() {
        job(TestingTickJobs.quantile("j1").validUntilMillis(T0 - 1), 3);
        assertThat(miss(at(TestingTickJobs.P99, T0))).isEqualTo("no job computes this query");
    }

    @Test
    void aDeletedJobAnswersForAWhileAndItsSuccessorGoesOn() {
        job(TestingTickJobs.quantile("j1"), 2);
        cache.remove("j1", false);
        assertThat(hit(at(TestingTickJobs.P99, T0)).jobId()).isEqualTo("j1");
        cache.add(TestingTickJobs.quantile("j2").storePath("precomputed/j1").job());
        assertThat(hit(at(TestingTickJobs.P99, T0)).jobId()).isEqualTo("j2");
        cache.remove("j2", true);
        miss(at(TestingTickJobs.P99, T0));
    }

    @Test
    void aRangeIsAnsweredIfEachStepHasItsTick() {
        job(TestingTickJobs.quantile("j1"), 5);
        Hit hit = hit(range(TestingTickJobs.P99, T0 - 4 * GRANULARITY + 3, T0 + 3, 2 * GRANULARITY));
        assertThat(hit.newestMillis()).isEqualTo(T0);
        assertThat(hit.series()).hasSize(2);
        assertThat(hit.series().getFirst().values()).containsExactly(96, 98, 100);
        hit(range(TestingTickJobs.P99, T0 - 4 * GRANULARITY, T0, GRANULARITY));
        // A step, the start, the end.
        assertThat(miss(range(TestingTickJobs.P99, T0 - 30_000, T0, 15_000)))
                .contains("15000 ms is no multiple of the granularity of job j1, 10000 ms");
        assertThat(miss(range(TestingTickJobs.P99, T0 - 5 * GRANULARITY, T0, GRANULARITY)))
                .contains("no fresh result");
        assertThat(miss(range(TestingTickJobs.P99, T0, T0 + 2 * GRANULARITY, GRANULARITY)))
                .contains("no fresh result");
        assertThat(lookups("step")).isEqualTo(1);
        assertThat(lookups("time")).isEqualTo(2);
    }

    @Test
    void aRangeThatIsLargerThanQueriesMayBeGoesToTheData() {
        job(TestingTickJobs.quantile("j1"), 3);
        StepGrid grid = new StepGrid(T0 - 2 * GRANULARITY, T0, GRANULARITY);
        // Two series of three steps and one label each: 2 * (64 + 64 + 3 * 8) bytes.
        assertThat(hit(bounded(TestingTickJobs.P99, grid, new Bounds(6, 2, 304)))
                        .series())
                .hasSize(2);
        for (Bounds bounds : List.of(new Bounds(5, 2, 304), new Bounds(6, 1, 304), new Bounds(6, 2, 303))) {
            assertThat(miss(bounded(TestingTickJobs.P99, grid, bounds)))
                    .contains("j1")
                    .contains("2 series of 3 steps")
                    .contains("query-samples-max");
        }
        assertThat(lookups("limit")).isEqualTo(3);
        assertThat(lookups("hit")).isEqualTo(1);
    }

    @Test
    void aRangeWithoutAllItsTicksTakesNoMemoryForItsAnswer() {
        Job job = job(TestingTickJobs.quantile("j1"), 0);
        cache.put(job, TestingTickJobs.result("j1", T0, 5_000, 100, true));
        StepGrid grid = new StepGrid(T0, T0 + 11_000 * GRANULARITY, GRANULARITY);
        // A column of all steps for each series of the first one would be 440 MB: the missing tick is seen before that.
        long bytes = allocated(() -> assertThat(miss(bounded(
                        TestingTickJobs.P99, grid, new Bounds(Long.MAX_VALUE, Integer.MAX_VALUE, Long.MAX_VALUE))))
                .contains("no fresh result"));
        assertThat(bytes).isLessThan(64L << 20);
    }

    /** Heap that an action takes on this thread, freed or not. */
    private static long allocated(Runnable action) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        action.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    @Test
    void seriesThatComeAndGoHaveNoSampleInBetween() {
        Job job = job(TestingTickJobs.expression("j1"), 0);
        Labels a = Labels.of("a", "1");
        Labels b = Labels.of("a", "2");
        cache.put(job, result(T0 - GRANULARITY, new ResultVector.Element(b, 1)));
        cache.put(job, result(T0, new ResultVector.Element(b, Double.NaN), new ResultVector.Element(a, 3)));
        Hit hit = hit(range("sum(rate(requests_total[1m]))", T0 - GRANULARITY, T0, GRANULARITY));
        assertThat(hit.series()).extracting(Series::labels).containsExactly(a, b);
        assertThat(StaleMarker.is(hit.series().getFirst().values()[0])).isTrue();
        assertThat(hit.series().getFirst().values()[1]).isEqualTo(3);
        assertThat(hit.series().get(1).values()).containsExactly(1, Double.NaN);
        assertThat(hit.errorBound()).isEqualTo("exact");
        // The order of an instant query is that of the tick: top lists are by value.
        assertThat(hit(at("sum(rate(requests_total[1m]))", T0)).series())
                .extracting(Series::labels)
                .containsExactly(b, a);
    }

    private static TickResult result(long time, ResultVector.Element... elements) {
        return new TickResult(
                "j1", time, new ResultVector(List.of(elements)), new ErrorBound.Exact(), 1, time, List.of());
    }

    private static TickResult annotated(long time, Annotation... annotations) {
        return new TickResult(
                "j1",
                time,
                new ResultVector(List.of(new ResultVector.Element(Labels.EMPTY, 1)), List.of(annotations)),
                new ErrorBound.Exact(),
                1,
                time,
                List.of());
    }

    private static Annotation raised(long time, long samples) {
        return new Annotation(
                Annotation.Level.INFO,
                "raised",
                PositionRange.NONE,
                new ForcedMonotonicity(time, time, 1, 2, 0.5, samples));
    }

    @Test
    void whatIsSaidAboutTheQueryIsInItsAnswers() {
        Job job = job(TestingTickJobs.expression("j1"), 0);
        Annotation warning = new Annotation(Annotation.Level.WARNING, "wrong", PositionRange.NONE);
        Annotation info = new Annotation(Annotation.Level.INFO, "no counter", PositionRange.NONE);
        cache.put(job, annotated(T0 - GRANULARITY, info, raised(T0 - GRANULARITY, 2)));
        cache.put(job, annotated(T0, info, warning, raised(T0, 3)));
        String query = "sum(rate(requests_total[1m]))";
        assertThat(hit(at(query, T0)).annotations()).containsExactly(info, warning, raised(T0, 3));
        // Over a range each is said once.
        Annotation both = new Annotation(
                Annotation.Level.INFO,
                "raised",
                PositionRange.NONE,
                new ForcedMonotonicity(T0 - GRANULARITY, T0, 1, 2, 0.5, 5));
        assertThat(hit(range(query, T0 - GRANULARITY, T0, GRANULARITY)).annotations())
                .containsExactly(info, both, warning);
    }

    @Test
    void anEmptyResultIsAnAnswer() {
        Job job = job(TestingTickJobs.expression("j1"), 0);
        cache.put(job, result(T0));
        assertThat(hit(at("sum(rate(requests_total[1m]))", T0)).series()).isEmpty();
        assertThat(hit(range("sum(rate(requests_total[1m]))", T0, T0, GRANULARITY))
                        .series())
                .isEmpty();
    }

    @Test
    void otherQuantilesComeOfTheSameSketches() {
        job(TestingTickJobs.quantile("j1"), 3);
        Hit hit = hit(at("quantile_over_time(0.5, latency{service='web'}[5m])", T0));
        assertThat(hit.errorBound()).isEqualTo("relative 0.01");
        assertThat(hit.series()).hasSize(2);
        assertThat(hit.series().getFirst().values()[0]).isBetween(99.0, 101.0);
        assertThat(lookups("other_quantile")).isEqualTo(1);
        assertThat(count("asapquery.precompute.cache.hits")).isEqualTo(1);
        assertThat(hit(range("quantile_over_time(0, latency{service='web'}[5m])", T0 - 20_000, T0, 10_000))
                        .series()
                        .getFirst()
                        .values())
                .hasSize(3);
        for (String other : List.of("1.5", "-0.1", "NaN", "scalar(up)")) {
            miss(at("quantile_over_time(" + other + ", latency{service='web'}[5m])", T0));
        }
        miss(at("quantile_over_time(0.5, latency{service='web'}[10m])", T0));
        miss(at("quantile_over_time(0.5, latency{service='web'}[5m] offset 1m)", T0));
    }

    @Test
    void withoutSketchesOtherQuantilesGoToTheData() {
        Job job = job(TestingTickJobs.quantile("j1"), 0);
        cache.put(job, TestingTickJobs.result("j1", T0, 2, 5, false));
        hit(at(TestingTickJobs.P99, T0));
        assertThat(miss(at("quantile_over_time(0.5, latency{service='web'}[5m])", T0)))
                .contains("another quantile")
                .contains("not kept");
        assertThat(lookups("sketches")).isEqualTo(1);
    }

    @Test
    void theNextJobIsTriedIfTheFirstHasNoFreshResult() {
        job(TestingTickJobs.quantile("a-slow").granularityMillis(60_000), 1);
        Job fine = TestingTickJobs.quantile("b-fine").job();
        cache.add(fine);
        cache.put(fine, TestingTickJobs.result("b-fine", T0 - 20_000, 2, 1, true));
        // The slow one has the newest tick; only the fine one has one for this time.
        assertThat(hit(at(TestingTickJobs.P99, T0 + 30_000)).jobId()).isEqualTo("a-slow");
        assertThat(hit(at(TestingTickJobs.P99, T0 - 15_000)).jobId()).isEqualTo("b-fine");
    }

    @Test
    void jobsWithLabelsOfTheirOwnAnswerNoQuery() {
        job(TestingTickJobs.quantile("j1").labels("host"), 2);
        assertThat(miss(at(TestingTickJobs.P99, T0))).isEqualTo("no job computes this query");
        assertThat(miss(router.look(question(TestingTickJobs.P99, StepGrid.instant(T0), false, "default", LOOKBACK))))
                .contains("merged over all labels but [host]");
        miss(at("quantile_over_time(0.5, latency{service='web'}[5m])", T0));
    }

    @Test
    void anotherLookbackIsAnotherQueryWhereItMatters() {
        job(TestingTickJobs.expression("j1").text("sum(up)"), 1);
        job(TestingTickJobs.quantile("j2"), 1);
        Question other = question("sum(up)", StepGrid.instant(T0), false, "default", 60_000);
        assertThat(miss(router.answer(other))).contains("60000 ms");
        hit(at("sum(up)", T0));
        hit(router.answer(question(TestingTickJobs.P99, StepGrid.instant(T0), false, "default", 60_000)));
        assertThat(lookups("lookback")).isEqualTo(1);
    }

    @Test
    void anotherLookbackMattersToRangesThatReachBeyondTheirs() {
        for (String modifier : List.of("anchored", "smoothed")) {
            String query = "sum(increase(requests_total[1m] " + modifier + "))";
            job(TestingTickJobs.expression("j-" + modifier).text(query), 1);
            hit(at(query, T0));
            Question other = question(query, StepGrid.instant(T0), false, "default", 60_000);
            assertThat(miss(router.answer(other))).as(modifier).contains("60000 ms");
        }
        assertThat(lookups("lookback")).isEqualTo(2);
    }

    @Test
    void whatIsNoVectorGoesToTheData() {
        for (String query : List.of("1+1", "'text'", "scalar(up)", "up[5m]")) {
            assertThat(miss(at(query, T0))).contains("only instant vectors");
        }
        assertThat(lookups("type")).isEqualTo(4);
        assertThat(count("asapquery.precompute.cache.misses")).isEqualTo(4);
    }

    @Test
    void explainNamesTheNearestJob() {
        job(TestingTickJobs.quantile("j1"), 1);
        assertThat(explained("quantile_over_time(0.99, latency{service='web'}[10m])"))
                .contains("nearest is job j1")
                .contains("another window");
        assertThat(explained("quantile_over_time(0.99, latency{service='api'}[5m])"))
                .contains("j1")
                .contains("other matchers");
        assertThat(explained("quantile_over_time(0.99, latency{service='web'}[5m] offset 5m)"))
                .contains("j1")
                .contains("offset");
        assertThat(explained("rate(x[5m])")).isEqualTo("no job computes this query");
    }

    private String explained(String query) {
        return miss(router.look(question(query, StepGrid.instant(T0), false, "default", LOOKBACK)));
    }

    @Test
    void allNumbersAreThereFromTheStart() {
        assertThat(registry.scrape())
                .contains("asapquery_precompute_cache_hits_total 0.0")
                .contains("asapquery_precompute_cache_misses_total 0.0")
                .contains("weir_precompute_lookups_total{outcome=\"hit\"} 0.0")
                .contains("weir_precompute_lookups_total{outcome=\"no_job\"} 0.0")
                .contains("weir_precompute_hit_age_seconds_count 0");
    }
}
