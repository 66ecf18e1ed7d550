package io.weir.precompute.source.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.job.SketchOptions;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.PromqlParser;
import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.Sketch;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What ticks over Weir's own segments read anew and what they keep; kept or not, the window's sketches are those of its samples. */
final class LakeSourceTest {
    private static final long MINUTE = 60_000;
    private static final long START = 1_000 * MINUTE;
    private static final SketchFunction P99 = new SketchFunction.Quantile(0.99);

    private final TestingSegments segments = new TestingSegments();
    private SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private LakeSource source = source(LakeSourceSettings.DEFAULT);

    private LakeSource source(LakeSourceSettings settings) {
        registry = new SimpleMeterRegistry();
        return new LakeSource(segments, segments, settings, registry);
    }

    private static Labels latency(String service) {
        return Labels.of("__name__", "latency", "service", service);
    }

    private static Job job(String id, String selector, SketchFunction function, long windowMillis, long stepMillis) {
        Expr.MatrixSelector range =
                (Expr.MatrixSelector) PromqlParser.parse(selector + "[" + windowMillis / 1_000 + "s]", Set.of());
        String text = function.functionName() + "(…)";
        JobQuery query = new JobQuery.OfSketch(
                text, range, CanonicalExpression.text(range), windowMillis, function, range.selector());
        return new Job(id, spec(query, stepMillis, Optional.empty()), 0);
    }

    private static JobSpec spec(JobQuery query, long stepMillis, Optional<List<String>> labels) {
        return new JobSpec(
                "default",
                query,
                stepMillis,
                new SourceAddress.Lake("lake://"),
                "ddsketch",
                "path",
                OptionalLong.empty(),
                labels,
                SketchOptions.DEFAULT);
    }

    private static Job fiveMinutes(String id) {
        return job(id, "latency", P99, 5 * MINUTE, MINUTE);
    }

    private static long soon() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    }

    private SketchBatch tick(Job job, long toMillis) throws Exception {
        SketchBatch batch = source.sketches(job, (JobQuery.OfSketch) job.spec().query(), toMillis, soon());
        assertThat(batch.coverage()).isEqualTo(1);
        return batch;
    }

    private static double count(SketchBatch batch) {
        return batch.points().stream()
                .mapToDouble(point -> point.sketch().count())
                .sum();
    }

    /** A sample a second of two series. */
    private void minute(int index) {
        for (int part = 0; part < 6; part++) {
            TreeMap<Long, Double> samples = new TreeMap<>();
            for (int second = 1; second <= 10; second++) {
                samples.put(START + index * MINUTE + part * 10_000L + second * 1_000L, index + second / 10.0);
            }
            segments.add(Map.of(latency("web"), samples, latency("api"), samples));
        }
    }

    private void minutes(int from, int to) {
        for (int index = from; index < to; index++) {
            minute(index);
        }
    }

    @Test
    void aTickReadsOnlyTheGranulesThatAreNew() throws Exception {
        minutes(0, 10);
        Job job = fiveMinutes("job");
        assertThat(count(tick(job, START + 5 * MINUTE))).isEqualTo(600);
        assertThat(segments.questions()).as("one question for all").hasSize(1);
        assertThat(segments.takeGranules()).isEqualTo(5);
        for (int minute = 6; minute <= 10; minute++) {
            assertThat(count(tick(job, START + minute * MINUTE))).isEqualTo(600);
            assertThat(segments.takeGranules()).isEqualTo(1);
        }
        assertThat(registry.counter("weir.precompute.lake.granules", "from", "read")
                        .count())
                .isEqualTo(10);
        assertThat(registry.counter("weir.precompute.lake.granules", "from", "kept")
                        .count())
                .isEqualTo(20);
        assertThat(registry.get("weir.precompute.lake.kept.bytes").gauge().value())
                .isPositive();
    }

    @Test
    void theSameTickAgainReadsNothingAndWhatItGivesIsTheReceivers() throws Exception {
        minutes(0, 5);
        Job job = fiveMinutes("job");
        SketchBatch first = tick(job, START + 5 * MINUTE);
        segments.takeGranules();
        ((DdSketch) first.points().getFirst().sketch().sketch()).add(1e9);
        SketchBatch second = tick(job, START + 5 * MINUTE);
        assertThat(segments.takeGranules()).isZero();
        assertThat(count(second)).isEqualTo(600);
    }

    @Test
    void keptOrNotTheSketchesAreThoseOfTheSamples() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        List<SketchFunction> functions = List.of(P99, new SketchFunction.CountDistinct(), new SketchFunction.Top(10));
        // 5 granules, and 15 of which blocks are made.
        long stepMillis = random.nextBoolean() ? MINUTE : 20_000;
        for (int tick = 5; tick < 25; tick++) {
            for (int i = random.nextInt(4); i >= 0; i--) {
                TreeMap<Long, Double> samples = new TreeMap<>();
                boolean late = random.nextInt(8) == 0;
                for (int n = random.nextInt(50); n >= 0; n--) {
                    // Mostly of the last two minutes, as segments are.
                    double minutesAgo = random.nextDouble() * (late ? 8 : 2);
                    samples.put(START + (long) ((tick - minutesAgo) * MINUTE), (double) random.nextInt(30));
                }
                segments.add(Map.of(latency("s" + random.nextInt(3)), samples));
            }
            if (random.nextInt(6) == 0) {
                segments.compact();
            }
            LakeSource fresh = new LakeSource(
                    segments, segments, new LakeSourceSettings(1L << 30, 0, 360), new SimpleMeterRegistry());
            for (int f = 0; f < functions.size(); f++) {
                Job job = job("job" + f, "latency", functions.get(f), 5 * MINUTE, stepMillis);
                SketchBatch kept = tick(job, START + tick * MINUTE);
                SketchBatch read =
                        fresh.sketches(job, (JobQuery.OfSketch) job.spec().query(), START + tick * MINUTE, soon());
                assertThat(kept.points()).hasSameSizeAs(read.points());
                for (int i = 0; i < kept.points().size(); i++) {
                    assertSame(kept.points().get(i), read.points().get(i));
                }
            }
        }
        assertThat(registry.counter("weir.precompute.lake.granules", "from", "kept")
                        .count())
                .isPositive();
    }

    private static void assertSame(SketchPoint one, SketchPoint other) {
        assertThat(one.labels()).isEqualTo(other.labels());
        assertThat(one.labels().get("__name__")).isEmpty();
        switch (one.sketch().sketch()) {
            case DdSketch sketch ->
                assertThat(sketch.sameContents((DdSketch) other.sketch().sketch()))
                        .isTrue();
            case HyperLogLog sketch ->
                assertThat(sketch.denseRegisters())
                        .isEqualTo(((HyperLogLog) other.sketch().sketch()).denseRegisters());
            case CountMin sketch ->
                assertThat(sketch.top(10)).isEqualTo(((CountMin) other.sketch().sketch()).top(10));
            case Sketch sketch -> throw new AssertionError(sketch.kind());
        }
    }

    @Test
    void lateSamplesMakeTheirGranuleNewAndNoOther() throws Exception {
        minutes(0, 7);
        Job job = fiveMinutes("job");
        tick(job, START + 5 * MINUTE);
        segments.takeGranules();
        segments.add(latency("late"), START + 3 * MINUTE + 5_000, 1);
        SketchBatch batch = tick(job, START + 6 * MINUTE);
        assertThat(segments.questions())
                .as("the granule in the middle, and the newest")
                .hasSize(2);
        assertThat(segments.takeGranules()).isEqualTo(2);
        assertThat(batch.points()).hasSize(3);
        assertThat(count(batch)).isEqualTo(601);
    }

    @Test
    void segmentsThatWereReplacedAreReadAgainAndSamplesInSeveralCountOnce() throws Exception {
        minutes(0, 6);
        minute(4);
        Job job = fiveMinutes("job");
        assertThat(count(tick(job, START + 5 * MINUTE))).isEqualTo(600);
        segments.takeGranules();
        segments.compact();
        assertThat(count(tick(job, START + 6 * MINUTE))).isEqualTo(600);
        assertThat(segments.takeGranules()).isEqualTo(5);
        assertThat(count(tick(job, START + 6 * MINUTE))).isEqualTo(600);
        assertThat(segments.takeGranules()).isZero();
    }

    @Test
    void jobsOverOneSelectorShareItsGranules() throws Exception {
        minutes(0, 10);
        tick(job("p99", "latency{service=\"web\"}", P99, 5 * MINUTE, MINUTE), START + 10 * MINUTE);
        assertThat(segments.takeGranules()).isEqualTo(5);
        SketchFunction p50 = new SketchFunction.Quantile(0.5);
        tick(job("p50", "{service='web', __name__='latency'}", p50, 5 * MINUTE, MINUTE), START + 10 * MINUTE);
        assertThat(segments.takeGranules()).isZero();
        tick(job("long", "latency{service=\"web\"}", p50, 10 * MINUTE, MINUTE), START + 10 * MINUTE);
        assertThat(segments.takeGranules()).as("the older half").isEqualTo(5);
        tick(job("p99", "latency{service=\"web\"}", P99, 5 * MINUTE, MINUTE), START + 10 * MINUTE);
        tick(job("long", "latency{service=\"web\"}", p50, 10 * MINUTE, MINUTE), START + 10 * MINUTE);
        assertThat(segments.takeGranules())
                .as("the shorter window let the longer one's go")
                .isZero();
        tick(job("other", "latency", P99, 5 * MINUTE, MINUTE), START + 10 * MINUTE);
        tick(
                job("hll", "latency{service=\"web\"}", new SketchFunction.CountDistinct(), 5 * MINUTE, MINUTE),
                START + 10 * MINUTE);
        assertThat(segments.takeGranules()).isEqualTo(10);
    }

    @Test
    void granulesAreAsLongAsWindowAndStepHaveInCommon() throws Exception {
        minutes(0, 20);
        Job odd = job("odd", "latency", P99, 5 * MINUTE, 2 * MINUTE);
        assertThat(count(tick(odd, START + 10 * MINUTE))).isEqualTo(600);
        assertThat(segments.takeGranules()).isEqualTo(5);
        assertThat(count(tick(odd, START + 12 * MINUTE))).isEqualTo(600);
        assertThat(segments.takeGranules()).isEqualTo(2);
        Job tumbling = job("tumbling", "latency", P99, MINUTE, 2 * MINUTE);
        assertThat(count(tick(tumbling, START + 10 * MINUTE))).isEqualTo(120);
        assertThat(segments.takeGranules()).isEqualTo(1);
    }

    @Test
    void aWindowOfTooManyGranulesIsReadWhole() throws Exception {
        source = source(new LakeSourceSettings(1L << 30, 1L << 30, 4));
        minutes(0, 10);
        assertThat(count(tick(fiveMinutes("job"), START + 5 * MINUTE))).isEqualTo(600);
        assertThat(count(tick(fiveMinutes("job"), START + 6 * MINUTE))).isEqualTo(600);
        assertThat(segments.questions())
                .extracting(question -> question.granules().count())
                .containsExactly(1, 1);
        assertThat(registry.get("weir.precompute.lake.kept.bytes").gauge().value())
                .isZero();
    }

    @Test
    void whatDoesNotFitIsNotKeptAndReadWholeFromThenOn() throws Exception {
        source = source(new LakeSourceSettings(1L << 30, 2_000, 360));
        minutes(0, 10);
        assertThat(count(tick(fiveMinutes("job"), START + 5 * MINUTE))).isEqualTo(600);
        assertThat(count(tick(fiveMinutes("job"), START + 6 * MINUTE))).isEqualTo(600);
        assertThat(segments.questions())
                .extracting(question -> question.granules().count())
                .containsExactly(5, 1);
        assertThat(registry.get("weir.precompute.lake.kept.bytes").gauge().value())
                .isZero();
    }

    @Test
    void blocksOfGranulesAreKeptIfThereIsRoomBesideTheGranules() throws Exception {
        minutes(0, 6);
        Job job = job("job", "latency", P99, 5 * MINUTE, 20_000);
        tick(job, START + 5 * MINUTE);
        double granules =
                registry.get("weir.precompute.lake.kept.bytes").gauge().value();
        tick(job, START + 5 * MINUTE);
        double withBlocks =
                registry.get("weir.precompute.lake.kept.bytes").gauge().value();
        assertThat(withBlocks).isGreaterThan(granules);

        source = source(new LakeSourceSettings(1L << 30, (long) (granules + withBlocks) / 2, 360));
        segments.takeGranules();
        for (int tick = 0; tick < 3; tick++) {
            assertThat(count(tick(job, START + 5 * MINUTE))).isEqualTo(600);
            assertThat(registry.get("weir.precompute.lake.kept.bytes").gauge().value())
                    .isEqualTo(granules);
        }
        assertThat(segments.takeGranules()).isEqualTo(15);
        assertThat(count(tick(job, START + 5 * MINUTE + 20_000))).isEqualTo(600);
        assertThat(segments.takeGranules()).isEqualTo(1);
        source.forget("job");
        assertThat(registry.get("weir.precompute.lake.kept.bytes").gauge().value())
                .isZero();
    }

    @Test
    void theSelectorNotUsedForLongestGoesFirst() throws Exception {
        minutes(0, 10);
        Job web = job("web", "latency{service=\"web\"}", P99, 5 * MINUTE, MINUTE);
        Job api = job("api", "latency{service=\"api\"}", P99, 5 * MINUTE, MINUTE);
        tick(web, START + 5 * MINUTE);
        long one =
                (long) registry.get("weir.precompute.lake.kept.bytes").gauge().value();
        SimpleMeterRegistry other = new SimpleMeterRegistry();
        source = new LakeSource(segments, segments, new LakeSourceSettings(1L << 30, one * 3 / 2, 360), other);
        tick(web, START + 5 * MINUTE);
        tick(api, START + 5 * MINUTE);
        segments.takeGranules();
        assertThat(other.get("weir.precompute.lake.kept.bytes").gauge().value()).isBetween(1.0, one * 1.5);
        assertThat(other.get("weir.precompute.lake.evictions").functionCounter().count())
                .isEqualTo(5);
        tick(api, START + 6 * MINUTE);
        assertThat(segments.takeGranules()).isEqualTo(1);
        tick(web, START + 6 * MINUTE);
        assertThat(segments.takeGranules()).isEqualTo(5);
    }

    @Test
    void nothingIsKeptOfAJobThatEnded() throws Exception {
        minutes(0, 10);
        tick(fiveMinutes("one"), START + 5 * MINUTE);
        tick(fiveMinutes("two"), START + 5 * MINUTE);
        source.forget("one");
        segments.takeGranules();
        tick(fiveMinutes("two"), START + 5 * MINUTE);
        assertThat(segments.takeGranules()).as("two uses them still").isZero();
        source.forget("two");
        source.forget("never seen");
        assertThat(registry.get("weir.precompute.lake.kept.bytes").gauge().value())
                .isZero();
        tick(fiveMinutes("two"), START + 5 * MINUTE);
        assertThat(segments.takeGranules()).isEqualTo(5);
    }

    @Test
    void aWindowBeyondItsBytesFailsAndSaysWhichSetting() {
        source = source(new LakeSourceSettings(300, 1L << 30, 360));
        minutes(0, 5);
        assertThatThrownBy(() -> tick(fiveMinutes("job"), START + 5 * MINUTE))
                .isInstanceOfSatisfying(
                        SourceException.class,
                        failure -> assertThat(failure.why()).isEqualTo(SourceException.Cause.LIMIT))
                .hasMessageContaining("300");
        assertThat(segments.questions())
                .extracting(question -> question.granules().count())
                .as("one sketch of the whole window is tried, too")
                .containsExactly(5, 1);
    }

    @Test
    void seriesThatDifferByNameOnlyAreAnErrorUnlessTheyAreToBeMerged() throws Exception {
        segments.add(Labels.of("__name__", "a", "x", "1"), START + 1, 1);
        segments.add(Labels.of("__name__", "b", "x", "1"), START + 1, 2);
        Job both = job("job", "{__name__=~\"a|b\"}", P99, 5 * MINUTE, MINUTE);
        assertThatThrownBy(() -> tick(both, START + MINUTE))
                .isInstanceOfSatisfying(
                        SourceException.class,
                        failure -> assertThat(failure.why()).isEqualTo(SourceException.Cause.BAD_DATA))
                .hasMessageContaining("same labelset");
        JobSpec merged = spec(both.spec().query(), MINUTE, Optional.of(List.of("x")));
        assertThat(tick(new Job("merged", merged, 0), START + MINUTE).points()).hasSize(2);
    }

    @Test
    void aWindowWithoutSamplesIsEmptyWithoutAQuestion() throws Exception {
        assertThat(tick(fiveMinutes("job"), START).points()).isEmpty();
        assertThat(segments.questions()).isEmpty();
    }

    @Test
    void failuresAreTyped() {
        minutes(0, 1);
        Map<RuntimeException, SourceException.Cause> causes = Map.of(
                new QueryException.Timeout("x"), SourceException.Cause.TIMEOUT,
                new QueryException.Unavailable("x"), SourceException.Cause.UNREACHABLE,
                new QueryException.BadData("x"), SourceException.Cause.BAD_DATA,
                new QueryException.Execution("x"), SourceException.Cause.BAD_DATA,
                new QueryException.Unsupported("x"), SourceException.Cause.UNSUPPORTED,
                new QueryException.Canceled("x"), SourceException.Cause.REFUSED,
                new QueryException.Internal("x"), SourceException.Cause.BAD_DATA,
                new DatabaseUnavailableException("x", new IllegalStateException()), SourceException.Cause.UNREACHABLE);
        JobQuery.OfExpression expression = expression();
        Job job = new Job("expression", spec(expression, MINUTE, Optional.empty()), 0);
        causes.forEach((failure, cause) -> {
            segments.fail(failure);
            assertThatThrownBy(() -> tick(fiveMinutes("job"), START + MINUTE))
                    .isInstanceOfSatisfying(
                            SourceException.class,
                            thrown -> assertThat(thrown.why()).isEqualTo(cause));
            assertThatThrownBy(() -> source.evaluate(job, expression, START, soon()))
                    .isInstanceOfSatisfying(
                            SourceException.class,
                            thrown -> assertThat(thrown.why()).isEqualTo(cause));
        });
        segments.fail(new IllegalStateException("a defect"));
        assertThatThrownBy(() -> tick(fiveMinutes("job"), START + MINUTE)).isInstanceOf(IllegalStateException.class);
    }

    private static JobQuery.OfExpression expression() {
        Expr parsed = PromqlParser.parse("sum(rate(x[1m]))", Set.of());
        return new JobQuery.OfExpression("sum(rate(x[1m]))", parsed, CanonicalExpression.text(parsed), MINUTE);
    }

    @Test
    void anExpressionIsEvaluatedAtTheTick() throws Exception {
        JobQuery.OfExpression expression = expression();
        Job job = new Job("expression", spec(expression, MINUTE, Optional.empty()), 0);
        ResultVector vector = source.evaluate(job, expression, START, soon());
        assertThat(vector.elements())
                .containsExactly(
                        new ResultVector.Element(Labels.of("query", "sum(rate(x[1m]))", "tenant", "default"), START));
        assertThat(vector.annotations()).containsExactly(TestingSegments.INFO);
    }

    @Test
    void twoJobsAtOnceReadOnceAndTheOneThatWaitsHasADeadline() throws Exception {
        minutes(0, 10);
        Semaphore permits = new Semaphore(0);
        segments.gate(permits);
        CompletableFuture<Double> first = inBackground(fiveMinutes("one"));
        await().until(() -> segments.questions().size() == 1);
        CompletableFuture<Double> second = inBackground(fiveMinutes("two"));
        Job third = fiveMinutes("three");
        assertThatThrownBy(() -> source.sketches(
                        third,
                        (JobQuery.OfSketch) third.spec().query(),
                        START + 5 * MINUTE,
                        System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50)))
                .isInstanceOfSatisfying(
                        SourceException.class,
                        thrown -> assertThat(thrown.why()).isEqualTo(SourceException.Cause.TIMEOUT));
        permits.release(10);
        assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(600);
        assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(600);
        assertThat(segments.takeGranules()).isEqualTo(5);
    }

    private CompletableFuture<Double> inBackground(Job job) {
        CompletableFuture<Double> answer = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                answer.complete(count(tick(job, START + 5 * MINUTE)));
            } catch (Exception e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    @Test
    void anInterruptedTickEndsAndFreesItsSelector() throws Exception {
        minutes(0, 5);
        segments.gate(new Semaphore(0));
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                ended.complete(new IllegalStateException("answered " + tick(fiveMinutes("one"), START + MINUTE)));
            } catch (Exception e) {
                ended.complete(e);
            }
        });
        await().until(() -> segments.questions().size() == 1);
        thread.interrupt();
        assertThat(ended.get(5, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        segments.gate(new Semaphore(10));
        assertThat(count(tick(fiveMinutes("two"), START + MINUTE))).isEqualTo(120);
    }

    @Test
    void settingsAreChecked() {
        assertThatThrownBy(() -> new LakeSourceSettings(0, 1, 1)).hasMessageContaining("window-bytes-max");
        assertThatThrownBy(() -> new LakeSourceSettings(1, -1, 1)).hasMessageContaining("kept-bytes-max");
        assertThatThrownBy(() -> new LakeSourceSettings(1, 1, 0)).hasMessageContaining("granules-max");
    }
}
