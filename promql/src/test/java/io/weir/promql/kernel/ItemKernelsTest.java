package io.weir.promql.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.SampleItems;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The most frequent values of moving windows, against counting each window anew. */
final class ItemKernelsTest {
    private static final StepGrid GRID = new StepGrid(0, 3_600_000, 45_000);

    private static RangeFunction function(double[] k, Windows windows) {
        Expr.Call call = (Expr.Call) PromqlParser.parse("top_k_over_time(3, m[5m])", Set.of());
        return new RangeFunction(
                call,
                windows,
                new double[][] {k},
                RangeExtension.NONE,
                RangeOptions.NONE,
                annotation -> {
                    throw new AssertionError("unexpected " + annotation);
                },
                Checkpoint.NONE);
    }

    @Test
    void equalCountingEachWindowAnew() {
        long seed = 20261121;
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        int compared = 0;
        for (int round = 0; round < 400; round++) {
            SampleBuffer samples = series(random, 1 + random.nextInt(60));
            long range = 1_000L * (1 + random.nextInt(900));
            Windows windows = random.nextInt(5) == 0
                    ? Windows.pinned(GRID, random.nextInt(3_600_000), range)
                    : Windows.moving(GRID, 0, range);
            double[] k = new double[GRID.count()];
            int always = 1 + random.nextInt(12);
            // with the same number everywhere the best are followed from window to window
            boolean follows = round % 4 > 0;
            Arrays.setAll(k, i -> follows ? always : random.nextInt(8) - 1);
            RangeFunction function = function(k, windows);
            Column scratch = new Column(GRID.count());
            // twice: nothing of the series before may stay
            function.evalItems(Labels.EMPTY, series(random, 9), scratch, cells -> {});
            Map<String, double[]> columns = function.evalItems(Labels.EMPTY, samples, scratch, cells -> {});
            for (int step = 0; step < GRID.count(); step++) {
                Map<String, Double> actual = new TreeMap<>();
                for (Map.Entry<String, double[]> column : columns.entrySet()) {
                    if (!StaleMarker.is(column.getValue()[step])) {
                        actual.put(column.getKey(), column.getValue()[step]);
                    }
                }
                Map<String, Double> expected = recounted(samples, windows, step, (int) k[step]);
                assertThat(actual)
                        .as("seed=%d round=%d step=%d", seed, round, step)
                        .isEqualTo(expected);
                compared += expected.size();
            }
        }
        assertThat(compared).isGreaterThan(10_000);
    }

    private static SampleBuffer series(Random random, int values) {
        SampleBuffer samples = new SampleBuffer(0);
        for (long time = random.nextInt(5_000); time < 3_600_000; time += 1 + random.nextInt(20_000)) {
            double value = switch (random.nextInt(20)) {
                case 0 -> Double.NaN;
                case 1 -> -0.0;
                case 2 -> Double.POSITIVE_INFINITY;
                default -> random.nextInt(values) / 4.0;
            };
            samples.add(time, value);
        }
        return samples;
    }

    private static Map<String, Double> recounted(SampleBuffer samples, Windows windows, int step, int k) {
        Map<String, Integer> counts = new HashMap<>();
        long end = windows.end(step);
        for (int i = 0; i < samples.size(); i++) {
            if (samples.timestamps()[i] > end - windows.rangeMillis() && samples.timestamps()[i] <= end) {
                counts.merge(SampleItems.text(samples.values()[i]), 1, Integer::sum);
            }
        }
        List<Map.Entry<String, Integer>> entries = new ArrayList<>(counts.entrySet());
        entries.sort(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()));
        Map<String, Double> top = new TreeMap<>();
        entries.stream().limit(Math.max(0, k)).forEach(entry -> top.put(entry.getKey(), (double) entry.getValue()));
        return top;
    }

    @Test
    void columnsAreCountedBeforeTheyAreMade() {
        SampleBuffer samples = new SampleBuffer(0);
        for (int i = 0; i < 100; i++) {
            samples.add(i, i);
        }
        double[] k = new double[GRID.count()];
        Arrays.fill(k, 1_000);
        long[] cells = {0};
        assertThatThrownBy(() -> function(k, Windows.moving(GRID, 0, 60_000))
                        .evalItems(Labels.EMPTY, samples, new Column(GRID.count()), count -> {
                            cells[0] += count;
                            if (cells[0] > 10L * GRID.count()) {
                                throw new QueryException.LimitExceeded("enough");
                            }
                        }))
                .isInstanceOf(QueryException.LimitExceeded.class);
        assertThat(cells[0]).isEqualTo(11L * GRID.count());
    }

    @Test
    void zerosAreOneItemAndSoAreNaNs() {
        assertThat(SampleItems.bits(-0.0)).isEqualTo(SampleItems.bits(0.0));
        assertThat(SampleItems.text(-0.0)).isEqualTo("0");
        double payload = Double.longBitsToDouble(0x7ff8000000000123L);
        assertThat(SampleItems.bits(payload)).isEqualTo(SampleItems.bits(Double.NaN));
        assertThat(SampleItems.text(payload)).isEqualTo("NaN");
        assertThat(SampleItems.text(1e21)).isEqualTo("1e+21");
        assertThat(SampleItems.text(1e20)).isEqualTo("100000000000000000000");
        assertThat(SampleItems.text(-0.00000025)).isEqualTo("-2.5e-07");
        assertThat(SampleItems.text(0.000001)).isEqualTo("0.000001");
        assertThat(SampleItems.text(Double.POSITIVE_INFINITY)).isEqualTo("+Inf");
        assertThat(SampleItems.text(0.1)).isEqualTo("0.1");
        assertThat(SampleItems.text(Double.NEGATIVE_INFINITY)).isEqualTo("-Inf");
    }

    @Test
    void aLabelOfTheSeriesWithTheItemsNameIsKept() {
        assertThat(SampleItems.labels(Labels.of("a", "b"), "5")).isEqualTo(Labels.of("a", "b", "item", "5"));
        assertThat(SampleItems.labels(Labels.of("item", "x"), "5"))
                .isEqualTo(Labels.of("exported_item", "x", "item", "5"));
        assertThat(SampleItems.labels(Labels.of("item", "x", "exported_item", "y"), "5"))
                .isEqualTo(Labels.of("exported_exported_item", "x", "exported_item", "y", "item", "5"));
    }

    @Test
    void bothAreOfWeirAndNeedNoFlag() {
        assertThat(Function.COUNT_DISTINCT_OVER_TIME.isExperimental()).isFalse();
        assertThat(Function.TOP_K_OVER_TIME.isExperimental()).isFalse();
        assertThatThrownBy(() -> PromqlParser.parse("count_distinct_over_time(0.99, m[5m])", Set.of()))
                .hasMessageContaining("expected 1 argument(s) in call to \"count_distinct_over_time\", got 2");
        assertThatThrownBy(() -> PromqlParser.parse("top_k_over_time(m[5m], 3)", Set.of()))
                .hasMessageContaining("expected type scalar in call to function \"top_k_over_time\", got range vector");
    }
}
