package io.weir.precompute.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.precompute.job.Job;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.TestingTickJobs;
import io.weir.precompute.router.HitObserver.Observed;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.series.StaleMarker;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import io.weir.sketch.DdSketch;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A share of the answers is computed again, exactly, and compared. */
final class ShadowChecksTest {
    private static final Labels A = Labels.of("host", "a");
    private static final Labels B = Labels.of("host", "b");
    private static final String SUM = "sum_over_time(latency[5m])";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final TestingSamples samples = new TestingSamples();
    private double chance;
    private final ShadowChecks checks = new ShadowChecks(new ShadowSettings(0.5, 2, 5_000, 2), registry, () -> chance);

    @AfterEach
    void stop() {
        checks.close();
    }

    private static Job lakeJob(String text) {
        return TestingTickJobs.expression("j1").text(text).job();
    }

    private static Observed observed(String query, ErrorBound bound, Series... series) {
        return new Observed(lakeJob(query), PromqlParser.parse(query, Feature.ALL), bound, 1_000_000, List.of(series));
    }

    private static Series series(Labels labels, double... values) {
        return new Series(labels, values);
    }

    private double count(String outcome) {
        return registry.get("weir.precompute.shadow.checks")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private DistributionSummary errors(String function) {
        return registry.get("weir.precompute.observed.relative.error")
                .tag("function", function)
                .summary();
    }

    private void awaitCount(String outcome, int count) {
        await().atMost(Duration.ofSeconds(8)).until(() -> count(outcome) == count);
    }

    @Test
    void anExactAnswerIsWithinItsBoundAndAWrongOneIsNot() {
        samples.add(A, 1, 2).add(B, 4);
        checks.begin(samples);
        checks.onHit(observed(SUM, new ErrorBound.Exact(), series(B, 4), series(A, 3)));
        awaitCount("within", 1);
        assertThat(errors("expression").count()).isEqualTo(2);
        assertThat(errors("expression").totalAmount()).isZero();
        // Of a range the last values are those of the tick; a series that had ended has none.
        checks.onHit(observed(SUM, new ErrorBound.Exact(), series(B, 9, 5), series(A, 9, 3)));
        awaitCount("beyond", 1);
        assertThat(errors("expression").max()).isEqualTo(0.25);
        checks.onHit(observed(SUM, new ErrorBound.Exact(), series(B, 9, 4), series(A, 3, StaleMarker.VALUE)));
        awaitCount("different", 1);
        checks.onHit(
                observed(SUM, new ErrorBound.Exact(), series(B, 4), series(A, 3), series(Labels.of("host", "c"), 1)));
        awaitCount("different", 2);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 1})
    void quantilesAreComparedAtTheirOwnRank(double rank) {
        long seed = 20261121;
        Random random = new Random(seed);
        double[] many = random.doubles(997).map(u -> Math.exp(8 * u)).toArray();
        double[] few = random.doubles(7).map(u -> Math.exp(8 * u)).toArray();
        samples.add(A, many).add(B, few);
        DdSketch ofMany = sketch(many);
        DdSketch ofFew = sketch(few);
        checks.begin(samples);
        checks.onHit(observed(
                "quantile_over_time(" + rank + ", latency[5m])",
                new ErrorBound.Relative(0.01),
                series(A, ofMany.quantile(rank).orElseThrow()),
                series(B, ofFew.quantile(rank).orElseThrow())));
        // Among seven samples PromQL's own quantile lies far from any of them; that of the rank does not.
        awaitCount("within", 1);
        assertThat(errors("expression").count()).isEqualTo(2);
        assertThat(errors("expression").max()).isLessThanOrEqualTo(0.01 + 1e-9);
        assertThat(samples.asked()).hasSize(3).first().isEqualTo("count_over_time(latency[5m])");
    }

    private static DdSketch sketch(double[] values) {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (double value : values) {
            sketch.add(value);
        }
        return sketch;
    }

    @Test
    void windowsOfTooManyDifferentLengthsAreCheckedInPart() {
        Series[] answered = new Series[6];
        for (int i = 0; i < 6; i++) {
            Labels labels = Labels.of("host", "h" + i);
            // One, one, one, two, two, three samples.
            samples.add(labels, new double[] {1, 1, 1, 2, 2, 3}[i] == 1 ? new double[] {5} : new double[i]);
            answered[i] = series(labels, i < 3 ? 5 : 0);
        }
        checks.begin(samples);
        checks.onHit(observed("quantile_over_time(0.5, latency[5m])", new ErrorBound.Relative(0.01), answered));
        awaitCount("within", 1);
        assertThat(samples.asked()).as("one that counts, and two groups").hasSize(3);
        assertThat(errors("expression").count())
                .as("three of one, one of three")
                .isEqualTo(4);
    }

    @Test
    void aShareIsChosenAndOnlyOfTheLakesJobs() {
        samples.add(A, 1);
        checks.begin(samples);
        chance = 0.5;
        checks.onHit(observed(SUM, new ErrorBound.Exact(), series(A, 1)));
        chance = 0;
        Job other = TestingTickJobs.quantile("j2").job();
        checks.onHit(new Observed(
                other, other.spec().query().expression(), new ErrorBound.Exact(), 0, List.of(series(A, 1))));
        assertThat(registry.get("weir.precompute.shadow.waiting").gauge().value())
                .isZero();
        chance = 0.49;
        checks.onHit(observed(SUM, new ErrorBound.Exact(), series(A, 1)));
        awaitCount("within", 1);
        assertThat(samples.asked()).hasSize(1);
    }

    @Test
    void moreThanMayWaitAreDroppedAndCounted() {
        for (int i = 0; i < 5; i++) {
            checks.onHit(observed(SUM, new ErrorBound.Exact(), series(A, 1)));
        }
        assertThat(count("dropped")).isEqualTo(3);
        assertThat(registry.get("weir.precompute.shadow.waiting").gauge().value())
                .isEqualTo(2);
        samples.add(A, 1);
        checks.begin(samples);
        awaitCount("within", 2);
    }

    @Test
    void oneThatFailsDoesNotEndTheOthers() {
        checks.begin(samples);
        samples.setFailure(new QueryException.Timeout("too slow"));
        checks.onHit(observed(SUM, new ErrorBound.Exact()));
        awaitCount("failed", 1);
        samples.setFailure(new IllegalStateException("a defect"));
        checks.onHit(observed(SUM, new ErrorBound.Exact()));
        awaitCount("failed", 2);
        samples.setFailure(null);
        checks.onHit(observed(SUM, new ErrorBound.Exact()));
        awaitCount("within", 1);
    }

    @Test
    void closingEndsTheRunningCheck() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        BackgroundQueries hanging = (tenant, query, time, deadline) -> {
            running.countDown();
            try {
                Thread.sleep(60_000);
            } finally {
                ended.countDown();
            }
            return new BackgroundQueries.Evaluated(List.of(), List.of());
        };
        checks.begin(hanging);
        checks.onHit(observed(SUM, new ErrorBound.Exact()));
        assertThat(running.await(8, TimeUnit.SECONDS)).isTrue();
        checks.close();
        assertThat(ended.await(8, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void boundsOfAllKindsAreHeld() {
        Map<Labels, Double> exact = Map.of(A, 100.0);
        assertThat(outcome(101, exact, new ErrorBound.Relative(0.01))).isEqualTo(Comparison.Outcome.WITHIN);
        assertThat(outcome(101.1, exact, new ErrorBound.Relative(0.01))).isEqualTo(Comparison.Outcome.BEYOND);
        assertThat(outcome(102.9, exact, new ErrorBound.StandardError(0.01))).isEqualTo(Comparison.Outcome.WITHIN);
        assertThat(outcome(103.1, exact, new ErrorBound.StandardError(0.01))).isEqualTo(Comparison.Outcome.BEYOND);
        assertThat(outcome(105, exact, new ErrorBound.Absolute(5))).isEqualTo(Comparison.Outcome.WITHIN);
        assertThat(outcome(106, exact, new ErrorBound.Absolute(5))).isEqualTo(Comparison.Outcome.BEYOND);
        assertThat(outcome(Double.NaN, Map.of(A, Double.NaN), new ErrorBound.Exact()))
                .isEqualTo(Comparison.Outcome.WITHIN);
        assertThat(outcome(0, Map.of(A, Double.NaN), new ErrorBound.Relative(0.01)))
                .isEqualTo(Comparison.Outcome.BEYOND);
        assertThat(outcome(1, Map.of(A, 0.0), new ErrorBound.Relative(0.01))).isEqualTo(Comparison.Outcome.BEYOND);
        assertThat(outcome(-0.0, Map.of(A, 0.0), new ErrorBound.Exact())).isEqualTo(Comparison.Outcome.WITHIN);
        assertThat(Comparison.of(Map.of(A, 3.0), Map.of(B, 4.0), new ErrorBound.Absolute(1), false, true)
                        .outcome())
                .as("the end of a top list")
                .isEqualTo(Comparison.Outcome.WITHIN);
        assertThat(Comparison.of(Map.of(A, 5.0), Map.of(A, 4.0), new ErrorBound.Exact(), false, false)
                        .errors()
                        .getFirst())
                .isEqualTo(0.25, within(1e-12));
    }

    private static Comparison.Outcome outcome(double answered, Map<Labels, Double> exact, ErrorBound bound) {
        return Comparison.of(Map.of(A, answered), exact, bound, false, false).outcome();
    }

    @Test
    void settingsOutOfBoundsAreRefused() {
        assertThatThrownBy(() -> new ShadowSettings(1.1, 1, 10, 1)).hasMessageContaining("precompute-shadow-share");
        assertThatThrownBy(() -> new ShadowSettings(Double.NaN, 1, 10, 1)).hasMessageContaining("0 to 1");
        assertThatThrownBy(() -> new ShadowSettings(1, 0, 10, 1)).hasMessageContaining("queue-max");
        assertThatThrownBy(() -> new ShadowSettings(1, 1, 9, 1)).hasMessageContaining("duration-millis-max");
        assertThatThrownBy(() -> new ShadowSettings(1, 1, 10, 0)).hasMessageContaining("groups-max");
    }

    @Test
    void allNumbersAreThereFromTheStart() {
        assertThat(registry.scrape())
                .contains("weir_precompute_shadow_checks_total{outcome=\"within\"} 0.0")
                .contains("weir_precompute_shadow_checks_total{outcome=\"dropped\"} 0.0")
                .contains("weir_precompute_observed_relative_error_count{function=\"quantile_over_time\"} 0");
    }
}
