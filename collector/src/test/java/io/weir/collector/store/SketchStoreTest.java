package io.weir.collector.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HeavyHitter;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.SketchKey;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Intervals: what goes in, when they close, what a window is made of, and what is said of its completeness. */
final class SketchStoreTest {
    private static final long SECOND = 1_000;
    private static final long T0 = 1_700_000_000_000L;
    private static final Labels WEB = Labels.of("__name__", "latency", "service", "web");
    private static final Labels API = Labels.of("__name__", "latency", "service", "api");

    private final SeriesRegistry registry = new SeriesRegistry(HeadLimits.defaults(), 7);

    private static StoreSettings settings() {
        return new StoreSettings(10 * SECOND, 5 * SECOND, 600 * SECOND, 8, 64 << 20);
    }

    private static SketchStore store(StoreSettings settings) {
        return new SketchStore(settings, SketchParameters.DEFAULT, T0);
    }

    private WriteBatch batch(Labels labels, long timeMillis, double... values) {
        WriteBatch batch = new WriteBatch();
        for (int i = 0; i < values.length; i++) {
            batch.add(registry.tenant("default").intern(labels), timeMillis + i, values[i]);
        }
        return batch;
    }

    private static Selection select(SketchStore store, long from, long to, long now, LabelMatcher... matchers)
            throws TooManySeriesException {
        return store.select("default", "latency", List.of(matchers), from, to, 1_000, now);
    }

    private static double count(Selection.Series series) {
        return ((DdSketch) series.sketch(SketchParameters.Kind.QUANTILES)).count();
    }

    @Test
    void anIntervalIsFetchedWhenTheWatermarkHasPassedItsEndAndNotBefore() throws Exception {
        SketchStore store = store(settings());
        // (T0, T0 + 10 s]: its start does not belong to it, its end does.
        store.add(batch(WEB, T0 + 1, 1), T0 + 1);
        store.add(batch(WEB, T0 + 10 * SECOND, 2), T0 + 10 * SECOND);
        store.add(batch(WEB, T0 + 10 * SECOND + 1, 3), T0 + 11 * SECOND);
        Selection early = select(store, T0, T0 + 10 * SECOND, T0 + 15 * SECOND - 1);
        assertThat(early.series()).isEmpty();
        assertThat(early.coveredToMillis()).isEqualTo(T0);
        Selection whole = select(store, T0, T0 + 10 * SECOND, T0 + 15 * SECOND);
        assertThat(whole.series()).hasSize(1);
        assertThat(count(whole.series().getFirst())).isEqualTo(2);
        assertThat(whole.coveredFromMillis()).isEqualTo(T0);
        assertThat(whole.coveredToMillis()).isEqualTo(T0 + 10 * SECOND);
    }

    @Test
    void aLateSampleIsLostAndItsIntervalIsNotCompleteAnyMore() throws Exception {
        SketchStore store = store(settings());
        store.add(batch(WEB, T0 + 5 * SECOND, 1), T0 + 5 * SECOND);
        SketchStore.Added added = store.add(batch(WEB, T0 + 9 * SECOND, 2), T0 + 15 * SECOND);
        assertThat(added).isEqualTo(new SketchStore.Added(0, 0, 1, 0, 0, 0));
        Selection selection = select(store, T0, T0 + 20 * SECOND, T0 + 25 * SECOND);
        assertThat(count(selection.series().getFirst())).isEqualTo(1);
        assertThat(selection.coveredFromMillis()).isEqualTo(T0 + 10 * SECOND);
        assertThat(selection.coveredToMillis()).isEqualTo(T0 + 20 * SECOND);
        // Another metric lost nothing.
        assertThat(store.select("default", "other", List.of(), T0, T0 + 20 * SECOND, 10, T0 + 25 * SECOND)
                        .coveredFromMillis())
                .isEqualTo(T0);
    }

    @Test
    void aRequestThatIsSentTwiceCountsOnceAndNoStaleMarkerCounts() throws Exception {
        SketchStore store = store(settings());
        store.add(batch(WEB, T0 + SECOND, 1, 2, 3), T0 + SECOND);
        assertThat(store.add(batch(WEB, T0 + SECOND, 1, 2, 3), T0 + SECOND).repeated())
                .isEqualTo(3);
        assertThat(store.add(batch(WEB, T0 + 2 * SECOND, StaleMarker.VALUE), T0 + 2 * SECOND)
                        .stale())
                .isEqualTo(1);
        // Out of order within an open interval is no matter.
        store.add(batch(WEB, T0 + 500, 4), T0 + 3 * SECOND);
        Selection selection = select(store, T0, T0 + 10 * SECOND, T0 + 15 * SECOND);
        assertThat(count(selection.series().getFirst())).isEqualTo(4);
    }

    @Test
    void numbersThatAreNoneAreCountedAsWhatTheyAre() throws Exception {
        SketchStore store = store(settings());
        store.add(
                batch(WEB, T0 + 1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0, -5, 5),
                T0 + 1);
        Selection.Series series =
                select(store, T0, T0 + 10 * SECOND, T0 + 15 * SECOND).series().getFirst();
        DdSketch quantiles = (DdSketch) series.sketch(SketchParameters.Kind.QUANTILES);
        assertThat(quantiles.nanWeight()).isEqualTo(1);
        assertThat(quantiles.positiveInfinityWeight()).isEqualTo(1);
        assertThat(quantiles.negativeInfinityWeight()).isEqualTo(1);
        assertThat(quantiles.zeroWeight()).isEqualTo(2);
        assertThat(quantiles.binnedWeight(false)).isEqualTo(1);
        assertThat(((HyperLogLog) series.sketch(SketchParameters.Kind.DISTINCT)).estimate())
                .isBetween(5.9, 6.1);
        assertThat(((FrequencySketch) series.sketch(SketchParameters.Kind.FREQUENCIES)).top(1))
                .containsExactly(new HeavyHitter(SketchKey.of("0"), 2));
    }

    @Test
    void sketchesOfManyValuesAnswerAsTheValuesThemselvesWould() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        StoreSettings few = new StoreSettings(10 * SECOND, 5 * SECOND, 600 * SECOND, 8, 256 << 20);
        StoreSettings many = new StoreSettings(10 * SECOND, 5 * SECOND, 600 * SECOND, 1 << 20, 256 << 20);
        SketchStore sketched = store(few);
        SketchStore exact = store(many);
        double[] values = IntStream.range(0, 20_000)
                .mapToDouble(i -> Math.rint(Math.exp(3 + random.nextGaussian()) * 10) / 10)
                .toArray();
        for (SketchStore store : List.of(sketched, exact)) {
            store.add(batch(WEB, T0 + 1, values), T0 + 1);
        }
        Selection.Series bySketches = select(sketched, T0, T0 + 20 * SECOND, T0 + 26 * SECOND)
                .series()
                .getFirst();
        Selection.Series byValues =
                select(exact, T0, T0 + 20 * SECOND, T0 + 26 * SECOND).series().getFirst();
        Arrays.sort(values);
        DdSketch quantiles = (DdSketch) bySketches.sketch(SketchParameters.Kind.QUANTILES);
        assertThat(quantiles.sameContents((DdSketch) byValues.sketch(SketchParameters.Kind.QUANTILES)))
                .isTrue();
        for (double rank : new double[] {0.5, 0.9, 0.99}) {
            double oracle = values[(int) Math.ceil(rank * values.length) - 1];
            assertThat(quantiles.quantile(rank).orElseThrow()).isBetween(oracle * 0.99 - 1e-9, oracle * 1.01 + 1e-9);
        }
        double distinct = Arrays.stream(values).distinct().count();
        assertThat(((HyperLogLog) bySketches.sketch(SketchParameters.Kind.DISTINCT)).estimate())
                .isEqualTo(((HyperLogLog) byValues.sketch(SketchParameters.Kind.DISTINCT)).estimate())
                .isBetween(distinct * 0.97, distinct * 1.03);
        // What is merged of an interval is never changed by the merge.
        assertThat(((DdSketch) bySketches.sketch(SketchParameters.Kind.QUANTILES)).count())
                .isEqualTo(values.length);
    }

    @Test
    void matchersSelectAndTenantsAreApart() throws Exception {
        SketchStore store = store(settings());
        store.add(batch(WEB, T0 + 1, 1), T0 + 1);
        store.add(batch(API, T0 + 1, 2), T0 + 1);
        WriteBatch other = new WriteBatch();
        other.add(registry.tenant("other").intern(WEB), T0 + 1, 3);
        store.add(other, T0 + 1);
        long now = T0 + 15 * SECOND;
        assertThat(select(store, T0, T0 + 10 * SECOND, now).series())
                .extracting(series -> series.attributes().toString())
                .containsExactly("{service=\"api\"}", "{service=\"web\"}");
        assertThat(select(
                                store,
                                T0,
                                T0 + 10 * SECOND,
                                now,
                                LabelMatcher.of(LabelMatcher.Type.REGEX, "service", "w.*"),
                                LabelMatcher.of(LabelMatcher.Type.EQUAL, "missing", ""))
                        .series())
                .extracting(Selection.Series::attributes)
                .containsExactly(Labels.of("service", "web"));
        assertThat(store.select("other", "latency", List.of(), T0, T0 + 10 * SECOND, 10, now)
                        .series())
                .hasSize(1);
        assertThatThrownBy(() -> store.select("default", "latency", List.of(), T0, T0 + 10 * SECOND, 1, now))
                .isInstanceOf(TooManySeriesException.class)
                .hasMessageContaining("collector-fetch-series-max=1");
    }

    @Test
    void whatIsOlderThanTheRetentionIsForgottenAndNotCalledComplete() throws Exception {
        SketchStore store = store(settings());
        store.add(batch(WEB, T0 + 1, 1), T0 + 1);
        store.add(batch(WEB, T0 + 400 * SECOND, 2), T0 + 400 * SECOND);
        long now = T0 + 620 * SECOND;
        store.sweep(now);
        assertThat(store.intervalCount()).isEqualTo(1);
        Selection selection = select(store, T0, T0 + 600 * SECOND, now);
        assertThat(count(selection.series().getFirst())).isEqualTo(1);
        assertThat(selection.coveredFromMillis()).isEqualTo(T0 + 10 * SECOND);
        store.sweep(T0 + 1_100 * SECOND);
        assertThat(store.intervalCount()).isZero();
        assertThat(store.seriesCount()).isZero();
        assertThat(store.retainedBytes()).isZero();
    }

    @Test
    void whatWasBeforeTheStartIsNotCalledComplete() throws Exception {
        SketchStore store = new SketchStore(settings(), SketchParameters.DEFAULT, T0 + 3 * SECOND);
        Selection selection = select(store, T0, T0 + 30 * SECOND, T0 + 40 * SECOND);
        assertThat(selection.series()).isEmpty();
        assertThat(selection.coveredFromMillis()).isEqualTo(T0 + 10 * SECOND);
    }

    @Test
    void aFullStoreRefusesAndTakesAgainWhenIntervalsHaveExpired() throws Exception {
        SketchStore store = store(new StoreSettings(10 * SECOND, 5 * SECOND, 60 * SECOND, 8, 2_000));
        // One request with more samples than there is room for, too, ends where the room does.
        SketchStore.Added first = store.add(batch(WEB, T0 + 1, new double[20_000]), T0 + 1);
        assertThat(first.added()).isBetween(1, 200);
        assertThat(first.refused()).isEqualTo(20_000 - first.added());
        assertThat(store.retainedBytes()).isBetween(2_000L, 4_000L);
        assertThat(store.add(batch(API, T0 + 11 * SECOND, 1), T0 + 11 * SECOND).refused())
                .isEqualTo(1);
        assertThat(select(store, T0, T0 + 20 * SECOND, T0 + 25 * SECOND).coveredFromMillis())
                .isEqualTo(T0 + 20 * SECOND);
        store.sweep(T0 + 90 * SECOND);
        assertThat(store.add(batch(API, T0 + 91 * SECOND, 1), T0 + 91 * SECOND).added())
                .isEqualTo(1);
    }

    @Test
    void whatIsKnownOfLostSamplesTakesRoomToo() {
        SketchStore store = store(new StoreSettings(SECOND, 0, 600 * SECOND, 8, 10_000));
        for (int i = 1; i <= 500; i++) {
            assertThat(store.add(batch(WEB, T0 + i * SECOND, 1), T0 + i * SECOND)
                            .late())
                    .isEqualTo(1);
        }
        assertThat(store.seriesCount()).isZero();
        assertThat(store.retainedBytes()).isBetween(20_000L, 60_000L);
        assertThat(store.add(batch(API, T0 + 501 * SECOND, 1), T0 + 500 * SECOND)
                        .refused())
                .isEqualTo(1);
        store.sweep(T0 + 900 * SECOND);
        assertThat(store.retainedBytes()).isBetween(1L, 20_000L);
        store.sweep(T0 + 2_000 * SECOND);
        assertThat(store.retainedBytes()).isZero();
    }

    @Test
    void aWindowThatCutsAnIntervalIsRefusedWithAReason() {
        SketchStore store = store(settings());
        assertThatThrownBy(() -> select(store, T0 + SECOND, T0 + 20 * SECOND, T0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("collector-store-interval-millis=10000");
        assertThatThrownBy(() -> select(store, T0, T0, T0)).hasMessageContaining("is empty");
    }

    @Test
    void valuesTooFarApartForASketchStayAsTheyAreAndOnlyTheirQuantilesAreRefused() throws Exception {
        SketchStore store = store(settings());
        double[] values = {1e-300, 1e300, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        store.add(batch(WEB, T0 + 1, values), T0 + 1);
        Selection.Series series =
                select(store, T0, T0 + 10 * SECOND, T0 + 15 * SECOND).series().getFirst();
        assertThatThrownBy(() -> series.sketch(SketchParameters.Kind.QUANTILES))
                .isInstanceOf(SketchCapacityException.class);
        assertThat(((HyperLogLog) series.sketch(SketchParameters.Kind.DISTINCT)).estimate())
                .isBetween(10.9, 11.1);
    }

    @Test
    void aClockThatGoesBackOpensNothing() throws Exception {
        SketchStore store = store(settings());
        store.add(batch(WEB, T0 + 1, 1), T0 + 15 * SECOND);
        assertThat(store.watermarkMillis()).isEqualTo(T0 + 10 * SECOND);
        assertThat(store.add(batch(WEB, T0 + 5 * SECOND, 2), T0 + 5 * SECOND).late())
                .isEqualTo(1);
    }

    @Test
    void theAccountOfMemoryIsRightAfterRandomWork() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        SketchStore store = store(new StoreSettings(10 * SECOND, 5 * SECOND, 60 * SECOND, 4, 64 << 20));
        long now = T0;
        for (int i = 0; i < 3_000; i++) {
            now += random.nextInt(500);
            Labels labels = Labels.of("__name__", "m" + random.nextInt(3), "i", "" + random.nextInt(20));
            double[] values = random.doubles(random.nextInt(6) + 1).toArray();
            store.add(batch(labels, now - random.nextInt(8_000), values), now);
            if (random.nextInt(10) == 0) {
                store.sweep(now);
            }
        }
        assertThat(store.seriesCount()).isPositive();
        store.sweep(now + 200 * SECOND);
        assertThat(store.seriesCount()).isZero();
        assertThat(store.intervalCount()).isZero();
        assertThat(store.retainedBytes()).isZero();
    }
}
