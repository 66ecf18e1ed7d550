package io.weir.precompute.suggestion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.result.TestingTickJobs;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.Feature;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is worth a job, and which jobs are not worth it. */
final class SuggesterTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final long HOUR = 3_600_000;

    private final Suggester suggester = suggester(JobLimits.DEFAULT, Feature.NONE);

    private static Suggester suggester(JobLimits limits, Set<Feature> features) {
        return new Suggester(
                SuggestionSettings.DEFAULT, 360, new JobRequests(limits, features, SourceAddress.Lake::new));
    }

    /** An instant query of 100 ms each 30 s, for an hour. */
    private static QueryGroup instant(String text) {
        return new QueryGroup(text, "instant", 120, 0, 30_000, OptionalDouble.of(100), 0, 0, NOW - HOUR);
    }

    private static QueryGroup range(String text, long step, double range) {
        return new QueryGroup(text, "range", 120, 0, 30_000, OptionalDouble.of(100), step, range, NOW - HOUR);
    }

    private List<Suggestion> suggest(QueryGroup... groups) {
        return suggester.suggest(List.of(groups), Set.of(), NOW);
    }

    @Test
    void aTickOfSketchesReadsOnlyWhatIsNew() {
        List<Suggestion> found = suggest(instant("quantile_over_time(0.9, latency{b='2',a=\"1\"}[5m])"));
        assertThat(found).hasSize(1);
        Suggestion one = found.getFirst();
        assertThat(one.granularityMillis()).isEqualTo(30_000);
        assertThat(one.ticks()).isEqualTo(120);
        assertThat(one.isIncremental()).isTrue();
        assertThat(one.tickMillis()).isEqualTo(10, within(1e-9));
        assertThat(one.savedMillis()).isEqualTo(120 * 100 - 120 * 10, within(1e-6));
        assertThat(one.sketchType()).isEqualTo("ddsketch");
        assertThat(one.canonical()).isEqualTo("quantile_over_time(0.9, latency{a=\"1\",b=\"2\"}[5m])");
        assertThat(one.storePath()).matches("suggested/[0-9a-f]{12}/30000ms");
        assertThat(suggest(instant("count_distinct_over_time(latency[5m])"))
                        .getFirst()
                        .sketchType())
                .isEqualTo("hll");
        assertThat(suggest(instant("top_k_over_time(3, latency[5m])"))
                        .getFirst()
                        .sketchType())
                .isEqualTo("countmin");
    }

    @Test
    void aTickOfAnythingElseCostsTheWholeQuery() {
        // As many ticks as runs: nothing would be saved.
        assertThat(suggest(instant("sum(rate(x[5m]))"))).isEmpty();
        // Ten people look at it.
        QueryGroup often = new QueryGroup(
                "sum(rate(x[5m]))", "instant", 1_200, 0, 3_000, OptionalDouble.of(100), 0, 0, NOW - HOUR);
        List<Suggestion> found = suggest(often);
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().granularityMillis()).isEqualTo(5_000);
        assertThat(found.getFirst().savedMillis()).isEqualTo(1_200 * 100 - 720 * 100, within(1e-6));
        assertThat(found.getFirst().sketchType()).isEqualTo("exact");
        assertThat(found.getFirst().isIncremental()).isFalse();
    }

    @Test
    void aRangeQueryIsTickedAtItsStep() {
        List<Suggestion> found = suggest(range("sum(rate(x[5m]))", 15_000, HOUR));
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().granularityMillis()).isEqualTo(15_000);
        // Of an hour and five minutes a tick reads five minutes.
        assertThat(found.getFirst().tickMillis()).isEqualTo(100.0 * 5 / 65, within(1e-9));
        assertThat(suggest(range("sum(rate(x[5m]))", 5_000, HOUR)))
                .as("more steps than ticks are kept")
                .isEmpty();
        assertThat(suggest(range("sum(rate(x[5m]))", 500, 60_000))).isEmpty();
    }

    @Test
    void whatIsSeldomCheapOrComputedAlreadyIsNotSuggested() {
        String text = "quantile_over_time(0.9, latency[5m])";
        assertThat(suggest(new QueryGroup(text, "instant", 4, 0, 30_000, OptionalDouble.of(100), 0, 0, NOW - HOUR)))
                .isEmpty();
        assertThat(suggest(new QueryGroup(text, "instant", 12, 0, 300_001, OptionalDouble.of(100), 0, 0, NOW - HOUR)))
                .isEmpty();
        assertThat(suggest(new QueryGroup(text, "instant", 120, 120, 30_000, OptionalDouble.empty(), 0, 0, NOW - HOUR)))
                .as("all answered from results")
                .isEmpty();
        assertThat(suggester.suggest(List.of(instant(text)), Set.of(text), NOW)).isEmpty();
        assertThat(suggest(
                        new QueryGroup(text, "instant", 120, 0, Double.NaN, OptionalDouble.of(100), 0, 0, NOW - HOUR)))
                .isEmpty();
    }

    @Test
    void whatCannotBeAJobIsNotSuggested() {
        for (String text : List.of(
                "1 + 1",
                "vector(1)",
                "scalar(sum(x))",
                "x[5m]",
                "quantile_over_time(0.9, latency[5m] @ 10)",
                "quantile_over_time(0.9, latency[5m] @ end())",
                "quantile_over_time(0.9, latency[5m] offset -5m)",
                "sum(rate(x[",
                "max_over_time(x[5m:step()])")) {
            assertThat(suggest(range(text, 15_000, HOUR))).as(text).isEmpty();
        }
    }

    @Test
    void whatWouldBeRefusedAsARequestIsNotSuggested() {
        for (String text : List.of(
                "quantile_over_time(1.5, latency[5m])",
                "quantile_over_time(-1, latency[5m])",
                "top_k_over_time(0, latency[5m])",
                "top_k_over_time(2000, latency[5m])",
                "sum(rate(x[60d]))",
                // Experimental ones, which this API has off.
                "limitk(1, x)",
                "rate(x[5m] anchored)")) {
            assertThat(suggest(range(text, 15_000, HOUR))).as(text).isEmpty();
        }
        Suggester experimental = suggester(JobLimits.DEFAULT, Feature.ALL);
        for (String text : List.of("rate(x[5m] smoothed)", "x * step()", "x > start()", "x + range()", "x + end()")) {
            assertThat(experimental.suggest(List.of(range(text, 15_000, HOUR)), Set.of(), NOW))
                    .as(text)
                    .isEmpty();
        }
        assertThat(experimental.suggest(List.of(range("limitk(1, x)", 15_000, HOUR)), Set.of(), NOW))
                .hasSize(1);
        // The other fields of the request.
        QueryGroup fits = range("sum(rate(x[5m]))", 15_000, HOUR);
        assertThat(suggest(fits)).hasSize(1);
        JobLimits slow = new JobLimits(64 << 10, 16_384, 60_000, 86_400_000, 86_400_000, 1_000, 64, "reject");
        assertThat(suggester(slow, Feature.NONE).suggest(List.of(fits), Set.of(), NOW))
                .isEmpty();
        Suggester noLake = new Suggester(
                SuggestionSettings.DEFAULT, 360, new JobRequests(JobLimits.DEFAULT, Feature.NONE, source -> {
                    throw new QueryException.BadData("field \"source\": not allowed here");
                }));
        assertThat(noLake.suggest(List.of(fits), Set.of(), NOW)).isEmpty();
    }

    @Test
    void parenthesesHideNoSketch() {
        List<Suggestion> found = suggest(instant("(quantile_over_time((0.9), latency[5m]))"));
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().sketchType()).isEqualTo("ddsketch");
    }

    @Test
    void theMostSavingComesFirstAndEachOnce() {
        QueryGroup a = instant("quantile_over_time(0.9, a[5m])");
        QueryGroup b = new QueryGroup(
                "quantile_over_time(0.9, b[5m])", "instant", 120, 0, 30_000, OptionalDouble.of(900), 0, 0, NOW - HOUR);
        QueryGroup same = range("quantile_over_time(0.9, b[5m])", 30_000, HOUR);
        assertThat(suggest(a, same, b))
                .extracting(found -> found.group().text() + " " + found.group().kind())
                .containsExactly("quantile_over_time(0.9, b[5m]) instant", "quantile_over_time(0.9, a[5m]) instant");
    }

    @Test
    void jobsWithoutHitsAreUnused() {
        Job used = TestingTickJobs.quantile("j1").job();
        Job other = TestingTickJobs.quantile("j2")
                .text("quantile_over_time(0.99, other[5m])")
                .job();
        Job sum = TestingTickJobs.expression("j3").job();
        Job labels = TestingTickJobs.quantile("j4")
                .text("quantile_over_time(0.99, third[5m])")
                .labels("a")
                .job();
        List<Job> jobs = List.of(sum, labels, other, used);
        assertThat(UnusedJobs.of(jobs, List.of(), 1)).containsExactly(used, other, sum);
        assertThat(UnusedJobs.of(jobs, List.of(), 0)).as("all are young").isEmpty();
        assertThat(UnusedJobs.of(
                        jobs,
                        List.of(
                                // Another quantile of the first one's window.
                                "quantile_over_time(0.5, latency{service='web'}[5m])",
                                "sum(rate(requests_total[1m]))",
                                "quantile_over_time(0.99, other[10m])"),
                        1))
                .containsExactly(other);
        assertThat(UnusedJobs.of(jobs, List.of("sum(rate("), 1))
                .as("a text that was cut may be that of any job as long as it")
                .isEmpty();
    }

    @Test
    void settingsOutOfBoundsAreRefused() {
        assertThatThrownBy(() -> new SuggestionSettings(1, 5, 1_000, 60_000, 60_000, 1, 1, 1_000, 1, 1))
                .hasMessageContaining("precompute-suggestions-repetition-millis-max is 1");
        assertThatThrownBy(() -> new SuggestionSettings(1_000, 5, 1_000, 60_000, 59_999, 1, 1, 1_000, 1, 1))
                .hasMessageContaining("window-millis-max");
        assertThatThrownBy(() -> new SuggestionSettings(1_000, 5, 1_000, 60_000, 60_000, 1, 1, 1_000, 0, 1))
                .hasMessageContaining("connections-max");
    }
}
