package io.weir.precompute.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SketchPoint;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.ForcedMonotonicity;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampledSketch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Results of ticks in the database. */
class StoredResultsTest {
    static TickResult result(String jobId, long evalMillis, int elements) {
        List<ResultVector.Element> vector = new ArrayList<>();
        for (int i = 0; i < elements; i++) {
            vector.add(new ResultVector.Element(Labels.of("instance", "host-" + i, "job", "node"), i + 0.25));
        }
        return new TickResult(
                jobId,
                evalMillis,
                new ResultVector(vector),
                new ErrorBound.Relative(0.01),
                1,
                evalMillis + 7,
                List.of());
    }

    private static TickResult bounded(ErrorBound bound) {
        return new TickResult("job-1", 60_000, new ResultVector(List.of()), bound, 0.5, 60_123, List.of());
    }

    private static TickResult again(TickResult result) throws IOException {
        return StoredResults.read(
                result.jobId(),
                result.evalMillis(),
                StoredResults.write(result, 1 << 20, 1 << 16).orElseThrow());
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        for (ErrorBound bound : List.of(
                new ErrorBound.Exact(),
                new ErrorBound.Relative(0.01),
                new ErrorBound.StandardError(0.008),
                new ErrorBound.Absolute(17),
                new ErrorBound.OfSample(0.1, new ErrorBound.Absolute(3)))) {
            assertThat(again(bounded(bound))).isEqualTo(bounded(bound));
        }
        TickResult odd = new TickResult(
                "job-1",
                -60_000,
                new ResultVector(List.of(
                        new ResultVector.Element(Labels.EMPTY, Double.NaN),
                        new ResultVector.Element(Labels.of("item", "\u00e9\ud83d\ude00"), -0.0),
                        new ResultVector.Element(Labels.of("item", "item"), Double.NEGATIVE_INFINITY))),
                new ErrorBound.Exact(),
                1,
                0,
                List.of());
        assertThat(again(odd)).isEqualTo(odd);
        TickResult large = result("job-2", 1, 5_000);
        assertThat(again(large)).isEqualTo(large);
        assertThat(StoredResults.write(large, 1 << 20, 1 << 16).orElseThrow().length)
                .isLessThan(100_000);
    }

    private static TickResult annotated(TickResult result) {
        return new TickResult(
                result.jobId(),
                result.evalMillis(),
                new ResultVector(
                        result.vector().elements(),
                        List.of(
                                new Annotation(Annotation.Level.WARNING, "host-1", PositionRange.NONE),
                                new Annotation(Annotation.Level.INFO, "\u00e9\ud83d\ude00", PositionRange.NONE),
                                new Annotation(
                                        Annotation.Level.INFO,
                                        "raised",
                                        PositionRange.NONE,
                                        new ForcedMonotonicity(-1, 2, 0.1, Double.POSITIVE_INFINITY, 1e-3, 4)))),
                result.bound(),
                result.coverage(),
                result.computedAtMillis(),
                result.sketches());
    }

    @Test
    void whatIsSaidAboutAResultIsWrittenWithIt() throws IOException {
        TickResult plain = result("job-1", 60_000, 3);
        TickResult annotated = annotated(plain);
        assertThat(again(annotated)).isEqualTo(annotated);
        // Most results have none: those are as they were before there were any.
        assertThat(StoredResults.write(plain, 1 << 20, 1 << 16).orElseThrow()[0])
                .isEqualTo((byte) 1);
        assertThat(StoredResults.write(annotated, 1 << 20, 1 << 16).orElseThrow()[0])
                .isEqualTo((byte) 2);
    }

    @Test
    void whatIsTooLargeIsNotWritten() {
        TickResult large = result("job-2", 1, 5_000);
        int length = StoredResults.write(large, 1 << 20, 1 << 16).orElseThrow().length;
        assertThat(StoredResults.write(large, length, 1 << 16)).isPresent();
        assertThat(StoredResults.write(large, length - 1, 1 << 16)).isEmpty();
        assertThat(StoredResults.write(large, 10, 1 << 16)).isEmpty();
    }

    @Test
    void sketchesAreWrittenUnlessTheyAreLarge() throws IOException {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (int value = -10; value <= 1_000; value++) {
            sketch.add(value);
        }
        sketch.add(Double.POSITIVE_INFINITY);
        TickResult whole = new TickResult(
                "job-4",
                60_000,
                new ResultVector(List.of(new ResultVector.Element(Labels.of("a", "b"), 990))),
                new ErrorBound.Relative(0.01),
                1,
                60_123,
                List.of(new SketchPoint(Labels.of("a", "b"), SampledSketch.of(sketch))));
        TickResult read = again(whole);
        assertThat(read.vector()).isEqualTo(whole.vector());
        assertThat(read.sketches()).singleElement().satisfies(point -> {
            assertThat(point.labels()).isEqualTo(Labels.of("a", "b"));
            assertThat(((DdSketch) point.sketch().sketch()).sameContents(sketch))
                    .isTrue();
        });
        byte[] without = StoredResults.write(whole, 1 << 20, 100).orElseThrow();
        assertThat(StoredResults.read("job-4", 60_000, without).sketches()).isEmpty();
        assertThat(StoredResults.read("job-4", 60_000, without).vector()).isEqualTo(whole.vector());
    }

    @Test
    void brokenBytesAreAnErrorAndNothingElse() {
        requireRefusal(result("job-3", 1, 100));
        requireRefusal(annotated(result("job-3", 1, 100)));
    }

    private static void requireRefusal(TickResult result) {
        byte[] whole = StoredResults.write(result, 1 << 20, 1 << 16).orElseThrow();
        assertThatThrownBy(() -> StoredResults.read("job-3", 1, new byte[0])).isInstanceOf(IOException.class);
        for (int length = 0; length < whole.length - 4; length += 7) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> StoredResults.read("job-3", 1, cut)).isInstanceOf(IOException.class);
        }
        byte[] later = whole.clone();
        later[0] = 9;
        assertThatThrownBy(() -> StoredResults.read("job-3", 1, later)).hasMessageContaining("version");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            byte[] changed = whole.clone();
            changed[1 + random.nextInt(whole.length - 1)] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(StoredResults.read("job-3", 1, changed).vector().elements())
                        .as("seed=" + seed)
                        .hasSizeLessThan(1 << 20);
            } catch (IOException e) {
                assertThat(e).as("seed=" + seed).hasMessageNotContaining("null");
            }
        }
    }
}
