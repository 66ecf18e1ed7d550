package io.weir.queryapi.background;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.spi.SketchQueries;
import io.weir.queryapi.spi.SketchQueries.Answer;
import io.weir.queryapi.spi.SketchQueries.Form;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.queryapi.spi.SketchQueries.Part;
import io.weir.queryapi.spi.SketchQueries.Question;
import io.weir.queryapi.spi.SketchQueries.SegmentSpan;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.workmanager.UnreadableObjectException;
import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SketchKind;
import io.weir.workcoord.coordinator.Priority;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Questions for sketches, from the catalog to the answer. */
final class SketchQueriesTest {
    private static final String TENANT = TestingLake.TENANT;
    private static final List<LabelMatcher> LATENCY =
            List.of(LabelMatcher.of(LabelMatcher.Type.EQUAL, "__name__", "latency"));
    private static final Granules THREE_MINUTES = new Granules(60_000, 60_000, 3);
    private static final long HEAP = 1L << 20;

    @TempDir
    private Path folder;

    private final TestingLake lake = new TestingLake(60_000)
            .add(Labels.of("__name__", "latency", "job", "a"), 0, 30_000, 1, 2, 2, 3, 3, 4)
            .add(Labels.of("__name__", "latency", "job", "b"), 120_001, 1_000, 7, 8)
            .add(Labels.of("__name__", "other"), 0, 30_000, 9, 9, 9);

    private static long soon() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    }

    private static Form form(SketchKind kind) {
        return new Form(kind, 0.01, 12, 50);
    }

    private static Question question(SketchKind kind) {
        return new Question(TENANT, LATENCY, THREE_MINUTES, form(kind), HEAP);
    }

    private static Part part(Answer answer, String job, int granule) {
        return answer.parts().stream()
                .filter(part -> part.labels().get("job").equals(job) && part.granule() == granule)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void thereIsASketchForEverySeriesAndGranuleWithSamples() throws Exception {
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings())) {
            SketchQueries queries = api.sketches();
            Answer answer = queries.sketches(question(SketchKind.DDSKETCH), soon());
            // The sample at 0 is before the first granule.
            assertThat(answer.parts()).hasSize(4);
            assertThat(((DdSketch) part(answer, "a", 0).sketch()).count()).isEqualTo(2);
            assertThat(((DdSketch) part(answer, "a", 1).sketch()).count()).isEqualTo(2);
            assertThat(((DdSketch) part(answer, "a", 2).sketch()).count()).isEqualTo(1);
            assertThat(((DdSketch) part(answer, "b", 2).sketch()).quantile(1)).hasValueCloseTo(8.0, within(0.08));
            assertThat(answer.segments())
                    .extracting(SegmentSpan::id)
                    .containsExactly("segment-0-0", "segment-0-1", "segment-0-2");
            Answer distinct = queries.sketches(question(SketchKind.HYPERLOGLOG), soon());
            assertThat(((HyperLogLog) part(distinct, "a", 0).sketch()).estimate())
                    .isBetween(0.9, 1.1);
            Answer top = queries.sketches(question(SketchKind.COUNT_MIN), soon());
            assertThat(((CountMin) part(top, "a", 1).sketch())
                            .top(1)
                            .getFirst()
                            .key()
                            .text())
                    .isEqualTo("3");
            assertThat(api.workManager().priorities()).containsOnly(Priority.BACKGROUND);
            assertThat(api.workManager().leftFiles()).isEmpty();
            assertThat(api.body("/metrics"))
                    .contains("weir_background_query_seconds_count{outcome=\"success\"} 3")
                    .contains("weir_query_samples_total 0");
        }
    }

    private static org.assertj.core.data.Offset<Double> within(double offset) {
        return org.assertj.core.data.Offset.offset(offset);
    }

    @Test
    void segmentsAreThoseThatTheCatalogNames() {
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings())) {
            assertThat(api.sketches().segments(TENANT, LATENCY, 60_000, 120_000))
                    .containsExactly(
                            new SegmentSpan("segment-0-1", 60_000, 119_999),
                            new SegmentSpan("segment-0-2", 120_000, 179_999));
            assertThat(api.sketches().segments("nobody", LATENCY, 0, 120_000)).isEmpty();
            lake.setUnavailable(true);
            assertThatThrownBy(() -> api.sketches().segments(TENANT, LATENCY, 0, 120_000))
                    .isInstanceOf(DatabaseUnavailableException.class);
        }
    }

    @Test
    void whereNothingIsNoWorkIsDone() throws Exception {
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings())) {
            Granules later = new Granules(9_000_000, 60_000, 1);
            Question question = new Question(TENANT, LATENCY, later, form(SketchKind.DDSKETCH), HEAP);
            assertThat(api.sketches().sketches(question, soon())).isEqualTo(new Answer(List.of(), List.of()));
            assertThat(api.workManager().units()).isEmpty();
        }
    }

    @Test
    void anAnswerBeyondItsBytesIsALimit() {
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings())) {
            Question question = new Question(TENANT, LATENCY, THREE_MINUTES, form(SketchKind.DDSKETCH), 200);
            assertThatThrownBy(() -> api.sketches().sketches(question, soon()))
                    .isInstanceOf(QueryException.LimitExceeded.class)
                    .hasMessageContaining("200 bytes");
        }
    }

    @Test
    void segmentsThatWereReplacedMeanwhileAreReadAnew() throws Exception {
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings())) {
            AtomicInteger failures = new AtomicInteger();
            api.workManager().setFailure(unit -> {
                if (failures.getAndIncrement() == 0) {
                    lake.compact();
                    return new UnreadableObjectException(true, "segment-0-0 is gone");
                }
                return null;
            });
            Answer answer = api.sketches().sketches(question(SketchKind.DDSKETCH), soon());
            assertThat(answer.parts()).hasSize(4);
            assertThat(answer.segments()).extracting(SegmentSpan::id).contains("segment-1-0");
            assertThat(api.body("/metrics")).contains("weir_background_reruns_total 1");
        }
    }
}
