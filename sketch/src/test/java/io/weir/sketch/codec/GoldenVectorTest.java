package io.weir.sketch.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sketch.CountMin;
import io.weir.sketch.CountSketch;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.delta.DeltaChanges;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Published vectors decode to the states their authors name, and hash to where our own sketches put the same items. */
class GoldenVectorTest {
    private static final SketchCodec CODEC = new SketchCodec(DecodeLimits.DEFAULT);

    private static Sketch decode(String name, SketchFormat format, SketchKind kind) throws SketchFormatException {
        DecodedSketch decoded = CODEC.decode(Golden.bytes(name), Optional.of(kind));
        assertThat(decoded.format()).isEqualTo(format);
        assertThat(decoded.sketch().rate().isSampled()).isFalse();
        return decoded.sketch().sketch();
    }

    private static Map<Integer, Double> bins(DdSketch sketch, boolean isPositive) {
        Map<Integer, Double> bins = new TreeMap<>();
        sketch.forEachBin(isPositive, bins::put);
        return bins;
    }

    @Test
    void ddSketchesOfAsapv1() throws SketchFormatException {
        DdSketch positive = (DdSketch) decode("ddsketch_positive_a001", SketchFormat.ASAPV1, SketchKind.DDSKETCH);
        assertThat(bins(positive, true))
                .isEqualTo(Map.of(-40, 1.0, -38, 127.0, -37, 128.0, -36, 300.0, -35, 65536.0, -34, 4294967296.0));
        assertThat(positive.mapping().relativeAccuracy()).isEqualTo(0.01);
        DdSketch signed = (DdSketch) decode("ddsketch_signed_a001", SketchFormat.ASAPV1, SketchKind.DDSKETCH);
        assertThat(bins(signed, true)).isEqualTo(Map.of(310, 3.0, 312, 2.0));
        assertThat(bins(signed, false)).isEqualTo(Map.of(-208, 5.0, -207, 1.0));
        assertThat(signed.zeroWeight()).isEqualTo(7);
        // Their scalars: the smallest value is -0.016, the largest 515.
        assertThat(signed.quantile(0).orElseThrow()).isBetween(-0.01617, -0.01583);
        assertThat(signed.quantile(1).orElseThrow()).isBetween(509.0, 521.0);
        assertThat(decode("ddsketch_empty_a001", SketchFormat.ASAPV1, SketchKind.DDSKETCH)
                        .isEmpty())
                .isTrue();
    }

    @Test
    void hyperLogLogsOfAsapv1() throws SketchFormatException {
        Map<String, HyperLogLog.Variant> names = Map.of(
                "hll_classic_p12", HyperLogLog.Variant.REGULAR,
                "hll_ertl_mle_p12", HyperLogLog.Variant.ERTL_MLE,
                "hll_hip_p12", HyperLogLog.Variant.HIP);
        for (Map.Entry<String, HyperLogLog.Variant> name : names.entrySet()) {
            HyperLogLog sketch = (HyperLogLog) decode(name.getKey(), SketchFormat.ASAPV1, SketchKind.HYPERLOGLOG);
            Map<Integer, Integer> registers = new TreeMap<>();
            sketch.forEachRegister(registers::put);
            assertThat(registers).isEqualTo(Map.of(0, 1, 1, 7, 100, 42, 4095, 3));
            assertThat(sketch.variant()).isEqualTo(name.getValue());
            assertThat(sketch.precision()).isEqualTo(12);
            assertThat(sketch.seed()).isEqualTo(0x6a09e667L);
        }
    }

    @Test
    void matricesOfAsapv1() throws SketchFormatException {
        double[][] whole = {{0, 1, 127}, {128, 300, 65536}};
        double[][] fractions = {{0, 1.5, 2.25}, {3.75, 4.125, 5.0625}};
        double[][] signed = {{0, 127, 128, 65536}, {-1, -33, -32768, -2147483648.0}};
        assertCells("cms_i64_regular_2x3", SketchKind.COUNT_MIN, ColumnHashing.ROW_BY_ROW, whole);
        assertCells("cms_f64_fast_2x3", SketchKind.COUNT_MIN, ColumnHashing.PACKED, fractions);
        assertCells("cs_i64_regular_2x4", SketchKind.COUNT_SKETCH, ColumnHashing.ROW_BY_ROW, signed);
        assertCells("cs_i64_fast_2x4", SketchKind.COUNT_SKETCH, ColumnHashing.PACKED, signed);
        assertCells("cs_i32_regular_2x4", SketchKind.COUNT_SKETCH, ColumnHashing.ROW_BY_ROW, signed);
        assertCells("cmsheap_i64_regular_2x3_strkeys", SketchKind.COUNT_MIN, ColumnHashing.ROW_BY_ROW, whole);
        assertCells("cmsheap_i32_fast_2x3_i64keys", SketchKind.COUNT_MIN, ColumnHashing.PACKED, whole);
        assertCells("csheap_i64_regular_2x4_strkeys", SketchKind.COUNT_SKETCH, ColumnHashing.ROW_BY_ROW, signed);
    }

    private static void assertCells(String name, SketchKind kind, ColumnHashing hashing, double[][] cells)
            throws SketchFormatException {
        FrequencySketch sketch = (FrequencySketch) decode(name, SketchFormat.ASAPV1, kind);
        FrequencyParameters parameters = sketch.parameters();
        assertThat(parameters.profile()).isEqualTo(HashProfile.STANDARD);
        assertThat(parameters.hashing()).isEqualTo(hashing);
        assertThat(parameters.rows()).isEqualTo(cells.length);
        assertThat(parameters.columns()).isEqualTo(cells[0].length);
        for (int row = 0; row < cells.length; row++) {
            for (int column = 0; column < cells[row].length; column++) {
                assertThat(sketch.cell(row, column))
                        .as("%s %d, %d", name, row, column)
                        .isEqualTo(cells[row][column]);
            }
        }
    }

    @Test
    void keysOfAsapv1AreAskedForInTheMatrix() throws SketchFormatException {
        FrequencySketch texts =
                (FrequencySketch) decode("cmsheap_i64_regular_2x3_strkeys", SketchFormat.ASAPV1, SketchKind.COUNT_MIN);
        assertThat(texts.candidates())
                .isSubsetOf(SketchKey.of("hot"), SketchKey.of("warm"), SketchKey.of("mild"), SketchKey.of("cold"))
                .isNotEmpty();
        // The matrix was set by hand, not by hashing: what it says of a key is its smallest counter, not the heap's
        // 65536.
        texts.top(4)
                .forEach(hitter -> assertThat(hitter.weight())
                        .isEqualTo(texts.estimate(hitter.key()))
                        .isLessThan(65536));
        FrequencySketch numbers =
                (FrequencySketch) decode("cmsheap_i32_fast_2x3_i64keys", SketchFormat.ASAPV1, SketchKind.COUNT_MIN);
        assertThat(numbers.candidates()).isSubsetOf(SketchKey.of(-1), SketchKey.of(-129), SketchKey.of(4294967296L));
    }

    @Test
    void anEnvelopeOfOneToFiftyIsOurSketchOfOneToFifty() throws SketchFormatException {
        DdSketch decoded =
                (DdSketch) decode("ddsketch_envelope_1_to_50", SketchFormat.SKETCH_ENVELOPE, SketchKind.DDSKETCH);
        DdSketch ours = DdSketch.ofAccuracy(0.01);
        for (int i = 1; i <= 50; i++) {
            ours.add(i);
        }
        assertThat(decoded.sameContents(ours)).isTrue();
        ours.mergeFrom(decoded);
        assertThat(ours.count()).isEqualTo(100);
    }

    @Test
    void anEnvelopeOfFiveKeysIsOurCountSketchOfThem() throws SketchFormatException {
        FrequencySketch decoded =
                (FrequencySketch) decode("cs_envelope_k", SketchFormat.SKETCH_ENVELOPE, SketchKind.COUNT_SKETCH);
        FrequencySketch ours = new CountSketch(FrequencyParameters.of(3, 512, 10));
        for (int i = 0; i < 25; i++) {
            ours.add(SketchKey.of("k-" + (char) ('a' + i % 5)));
        }
        assertSameCells(decoded, ours);
        assertThat(decoded.estimate(SketchKey.of("k-a"))).isEqualTo(5);
    }

    @Test
    void aSparseEnvelopeOfFiftyItems() throws SketchFormatException {
        HyperLogLog sketch =
                (HyperLogLog) decode("hll_sparse_50", SketchFormat.SKETCH_ENVELOPE, SketchKind.HYPERLOGLOG);
        assertThat(sketch.precision()).isEqualTo(14);
        assertThat(sketch.isSparse()).isTrue();
        assertThat(sketch.variant()).isEqualTo(HyperLogLog.Variant.ERTL_MLE);
        assertThat(sketch.estimate()).isBetween(49.0, 51.0);
        assertThat(sketch.register(133)).isEqualTo(2);
        assertThat(sketch.register(170)).isEqualTo(1);
    }

    @Test
    void aDeltaOfTenKeysIsOurCountMinOfThem() throws SketchFormatException {
        DeltaCodec codec = new DeltaCodec(DecodeLimits.DEFAULT);
        FrequencySketch ours = new CountMin(FrequencyParameters.of(4, 2048, 100));
        for (int i = 0; i < 50; i++) {
            ours.add(SketchKey.of("flow-" + i % 10));
        }
        for (String name : new String[] {"cms_delta_flows", "cms_delta_flows_keys"}) {
            DeltaChanges changes = codec.decodeBare(Golden.bytes(name), SketchKind.COUNT_MIN);
            FrequencySketch applied = (FrequencySketch) changes.appliedTo(ours.emptyCopy());
            assertSameCells(applied, ours);
            assertThat(applied.estimate(SketchKey.of("flow-7"))).isEqualTo(5);
            assertThat(applied.candidates()).hasSize(name.endsWith("keys") ? 3 : 0);
        }
    }

    private static void assertSameCells(FrequencySketch left, FrequencySketch right) {
        for (int row = 0; row < right.parameters().rows(); row++) {
            for (int column = 0; column < right.parameters().columns(); column++) {
                assertThat(left.cell(row, column)).as("%d, %d", row, column).isEqualTo(right.cell(row, column));
            }
        }
        right.emptyCopy().mergeFrom(left);
    }
}
