package io.weir.precompute.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchPoint;
import io.weir.promql.labels.Labels;
import io.weir.sketch.CountMin;
import io.weir.sketch.CountSketch;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleRate;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.SketchMismatchException;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.SketchCodec;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.hash.HashProfile;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

final class SketchEvaluationTest {
    private static final Labels WEB = Labels.of("service", "web", "host", "a");
    private static final Labels API = Labels.of("service", "api", "host", "b");

    /** Upstream's own Count-Min of kind 0200 (golden vector cms_i64_regular_2x3 of sketchlib-golden-bytes). */
    private static final String GOLDEN_COUNT_MIN = """
        41534150763101020200000001560000000f8bb06d657461646174615f76657273696f6e01af686173685f70726f6669\
        6c655f6964bc70726f6a656374617361702e787868332e736565646c6973742e7631ae686173685f616c676f72697468\
        6dab787868335f36345f313238af736565645f64657269766174696f6eb4736565645f6c6973745f696e6465785f7772\
        6170ae696e7075745f656e636f64696e67b470726f6a656374617361702e696e7075742e7631a9736565645f6c697374\
        dc0014cecafe3553cf000000ade3415118ce8cc70208ce2f024b2bce451a3df5ce6a09e667cebb67ae85ce3c6ef372ce\
        a54ff53ace510e527fce9b05688cce1f83d9abce5be0cd19cecbbb9d5dce629a292ace9159015ace152fecd8ce673326\
        67ce8eb44a87cedb0c2e0db16d61747269785f736565645f696e64657800a4726f777302a4636f6c7303ac636f756e74\
        65725f74797065a3693634a46d6f6465a7726567756c6172919600017fcc80cd012cce00010000\
        """;

    private static SketchPoint point(Labels labels, Sketch sketch) {
        return new SketchPoint(labels, SampledSketch.of(sketch));
    }

    private static DdSketch quantiles(double... values) {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        DoubleStream.of(values).forEach(sketch::add);
        return sketch;
    }

    private static HyperLogLog distinct() {
        return new HyperLogLog(14, HashProfile.STANDARD.canonicalSeed(), HyperLogLog.Variant.REGULAR);
    }

    private static ResultVector.Element only(SketchEvaluation evaluation) {
        assertEquals(1, evaluation.vector().elements().size());
        return evaluation.vector().elements().getFirst();
    }

    private static double quantile(double rank, double... values) {
        return only(SketchEvaluation.of(
                        new SketchFunction.Quantile(rank), List.of(point(Labels.EMPTY, quantiles(values)))))
                .value();
    }

    /** Nearest rank; what is not a number below all. */
    private static double exact(double rank, double[] values) {
        double[] sorted = DoubleStream.of(values)
                .boxed()
                .sorted((left, right) -> Double.isNaN(left)
                        ? (Double.isNaN(right) ? 0 : -1)
                        : Double.isNaN(right) ? 1 : Double.compare(left, right))
                .mapToDouble(Double::doubleValue)
                .toArray();
        return sorted[(int) Math.max(1, Math.ceil(rank * sorted.length)) - 1];
    }

    @Test
    void aQuantileIsWithinItsBoundOfTheExactOneForEverySet() {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (double rank : new double[] {0, 0.01, 0.5, 0.9, 0.99, 1}) {
            for (int round = 0; round < 50; round++) {
                double[] values = new double[1 + random.nextInt(200)];
                for (int i = 0; i < values.length; i++) {
                    values[i] = random.nextInt(10) == 0
                            ? new double[] {Double.NaN, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}
                                    [random.nextInt(4)]
                            : Math.exp(4 * random.nextGaussian()) * (random.nextInt(4) == 0 ? -1 : 1);
                }
                double expected = exact(rank, values);
                double actual = quantile(rank, values);
                if (Double.isNaN(expected) || Double.isInfinite(expected)) {
                    assertEquals(expected, actual, () -> Arrays.toString(values) + " at " + rank);
                } else {
                    assertEquals(expected, actual, 0.0100001 * Math.abs(expected), () -> Arrays.toString(values));
                }
            }
        }
    }

    @Test
    void whatIsNotANumberRanksBelowAll() {
        assertEquals(Double.NaN, quantile(0.5, Double.NaN));
        assertEquals(Double.NaN, quantile(0.5, Double.NaN, Double.NaN, 1, 2));
        assertEquals(1, quantile(0.75, Double.NaN, Double.NaN, 1, 2), 0.0101);
        assertEquals(2, quantile(1, Double.NaN, Double.NaN, 1, 2), 0.02);
    }

    @Test
    void anEmptySketchGivesNoElement() {
        List<SketchPoint> points = List.of(point(WEB, quantiles()), point(API, quantiles(3)));
        SketchEvaluation evaluation = SketchEvaluation.of(new SketchFunction.Quantile(0.5), points);
        assertEquals(API, only(evaluation).labels());
        assertEquals(
                List.of(),
                SketchEvaluation.of(new SketchFunction.CountDistinct(), List.of(point(WEB, distinct())))
                        .vector()
                        .elements());
        assertEquals(
                List.of(),
                SketchEvaluation.of(
                                new SketchFunction.Top(3),
                                List.of(point(WEB, new CountMin(FrequencyParameters.of(3, 64, 10)))))
                        .vector()
                        .elements());
        assertEquals(
                new ErrorBound.Exact(),
                SketchEvaluation.of(new SketchFunction.Quantile(0.5), List.of()).bound());
    }

    @Test
    void elementsComeInTheOrderOfLabelsWhateverTheSourceDoes() {
        List<SketchPoint> points = List.of(point(WEB, quantiles(1)), point(API, quantiles(2)));
        SketchFunction half = new SketchFunction.Quantile(0.5);
        assertEquals(SketchEvaluation.of(half, points), SketchEvaluation.of(half, points.reversed()));
    }

    @Test
    void theBoundIsTheWidest() {
        DdSketch coarse = DdSketch.ofAccuracy(0.05);
        coarse.add(1);
        SketchEvaluation evaluation = SketchEvaluation.of(
                new SketchFunction.Quantile(0.5), List.of(point(WEB, quantiles(1)), point(API, coarse)));
        assertEquals(new ErrorBound.Relative(0.05), evaluation.bound());
        assertEquals("relative 0.05", evaluation.bound().text());
    }

    @Test
    void aSampleSaysSo() {
        SketchEvaluation evaluation = SketchEvaluation.of(
                new SketchFunction.Quantile(0.5),
                List.of(new SketchPoint(WEB, new SampledSketch(quantiles(1), new SampleRate(0.25)))));
        assertEquals(new ErrorBound.OfSample(0.25, new ErrorBound.Relative(0.01)), evaluation.bound());
        assertEquals("relative 0.01 of a sample of 0.25", evaluation.bound().text());
    }

    @Test
    void distinctItemsAreWholeAndCountedOnceOverSketches() {
        HyperLogLog first = distinct();
        HyperLogLog second = distinct();
        for (int i = 0; i < 1_000; i++) {
            first.add(("item" + i).getBytes(StandardCharsets.UTF_8));
            second.add(("item" + (i + 500)).getBytes(StandardCharsets.UTF_8));
        }
        List<SketchPoint> grouped = SketchEvaluation.grouped(List.of(point(WEB, first), point(API, second)), List.of());
        SketchEvaluation evaluation = SketchEvaluation.of(new SketchFunction.CountDistinct(), grouped);
        assertEquals(1_500, only(evaluation).value(), 3 * 1.04 / 128 * 1_500);
        assertEquals(Math.rint(only(evaluation).value()), only(evaluation).value());
        assertEquals(new ErrorBound.StandardError(1.04 / 128), evaluation.bound());
    }

    private static FrequencySketch zipf(FrequencySketch sketch, int from) {
        for (int item = from; item < from + 100; item++) {
            sketch.add(SketchKey.of("item" + item), 1_000.0 / (1 + item));
        }
        return sketch;
    }

    @Test
    void theHeaviestItemsComeWithTheirLabelHeaviestFirst() {
        for (FrequencySketch empty : List.of(
                new CountMin(FrequencyParameters.of(5, 2_048, 200)),
                new CountSketch(FrequencyParameters.of(5, 2_048, 200)))) {
            // A hundred items are kept as they are; with the next, lighter ones it is a matrix.
            FrequencySketch sketch = zipf(empty, 0);
            assertEquals(
                    new ErrorBound.Exact(),
                    SketchEvaluation.of(new SketchFunction.Top(3), List.of(point(WEB, sketch)))
                            .bound());
            zipf(sketch, 100);
            zipf(sketch, 200);
            SketchEvaluation evaluation = SketchEvaluation.of(new SketchFunction.Top(3), List.of(point(WEB, sketch)));
            assertEquals(
                    List.of("item0", "item1", "item2"),
                    evaluation.vector().elements().stream()
                            .map(element -> element.labels().get("item"))
                            .toList());
            assertEquals(WEB, evaluation.vector().elements().getFirst().labels().without(List.of("item")));
            double bound = ((ErrorBound.Absolute) evaluation.bound()).amount();
            assertEquals(1_000, evaluation.vector().elements().getFirst().value(), bound);
        }
    }

    private static SketchPoint foreign(Labels labels, String bytes) throws SketchFormatException {
        return new SketchPoint(
                labels,
                new SketchCodec(DecodeLimits.DEFAULT)
                        .decode(HexFormat.of().parseHex(bytes), Optional.of(SketchKind.COUNT_MIN))
                        .sketch());
    }

    @Test
    void countersWithoutTheKeysOfTheirItemsHaveNoTopList() throws SketchFormatException {
        SketchFunction top = new SketchFunction.Top(3);
        // A CountMinState as upstream has it: rows=1, cols=2, counter_type=3, sint64 counts=4, and no keys.
        String state = "080210041802" + "2208" + "0a000000000a0000";
        for (String bytes : List.of(state, GOLDEN_COUNT_MIN)) {
            SketchPoint counters = foreign(WEB, bytes);
            assertTrue(Objects.requireNonNull(assertThrows(
                                    SketchMismatchException.class, () -> SketchEvaluation.of(top, List.of(counters)))
                            .getMessage())
                    .contains("names no keys"));
        }
        // Nothing was counted: nothing is missing.
        SketchPoint nothing = foreign(WEB, "080210041802" + "2208" + "0000000000000000");
        assertEquals(
                List.of(), SketchEvaluation.of(top, List.of(nothing)).vector().elements());
    }

    @Test
    void countersWithoutKeysAreNotMergedWithThoseThatHaveSome() throws SketchFormatException {
        SketchPoint counters = foreign(WEB, "080210041802" + "2208" + "0a000000000a0000");
        FrequencySketch named = (FrequencySketch) counters.sketch().sketch().emptyCopy();
        named.add(SketchKey.of("a"));
        assertThrows(
                SketchMismatchException.class,
                () -> SketchEvaluation.grouped(List.of(point(API, named), counters), List.of()));
    }

    @Test
    void itemsThatWouldLookAlikeAreRefused() {
        CountMin numbers = new CountMin(FrequencyParameters.of(5, 2_048, 200));
        numbers.add(SketchKey.of("5"));
        numbers.add(SketchKey.of(5));
        assertThrows(
                SketchMismatchException.class,
                () -> SketchEvaluation.of(new SketchFunction.Top(3), List.of(point(WEB, numbers))));
    }

    @Test
    void aSketchOfAnotherKindIsRefused() {
        List<SketchPoint> points = List.of(point(WEB, distinct()));
        assertThrows(
                SketchMismatchException.class, () -> SketchEvaluation.of(new SketchFunction.Quantile(0.5), points));
        assertThrows(SketchMismatchException.class, () -> SketchEvaluation.of(new SketchFunction.Top(1), points));
        assertThrows(
                SketchMismatchException.class,
                () -> SketchEvaluation.of(
                        new SketchFunction.CountDistinct(),
                        List.of(point(WEB, quantiles(1)), point(API, quantiles(2)))));
        assertThrows(
                SketchMismatchException.class,
                () -> SketchEvaluation.of(
                        new SketchFunction.Quantile(0.5), List.of(point(WEB, quantiles(1)), point(WEB, quantiles(2)))));
    }

    @Test
    void groupingKeepsTheNamedLabelsAndMergesTheRest() {
        List<SketchPoint> grouped = SketchEvaluation.grouped(
                List.of(
                        point(Labels.of("service", "web", "host", "a"), quantiles(1)),
                        point(Labels.of("service", "web", "host", "b"), quantiles(100)),
                        point(Labels.of("service", "api", "host", "b"), quantiles(7))),
                List.of("service"));
        assertEquals(
                List.of(Labels.of("service", "web"), Labels.of("service", "api")),
                grouped.stream().map(SketchPoint::labels).toList());
        assertEquals(2, grouped.getFirst().sketch().count());
        SketchEvaluation evaluation = SketchEvaluation.of(new SketchFunction.Quantile(1), grouped);
        assertEquals(100, evaluation.vector().elements().getLast().value(), 1);
    }

    @Test
    void sketchesThatDoNotMergeAreRefused() {
        DdSketch coarse = DdSketch.ofAccuracy(0.05);
        List<SketchPoint> points = List.of(point(WEB, quantiles(1)), point(API, coarse));
        assertTrue(Objects.requireNonNull(
                        assertThrows(SketchMismatchException.class, () -> SketchEvaluation.grouped(points, List.of()))
                                .getMessage())
                .contains("accuracy"));
    }
}
