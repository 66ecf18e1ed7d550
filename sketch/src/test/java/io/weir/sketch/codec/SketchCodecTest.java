package io.weir.sketch.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.datadoghq.sketch.ddsketch.DDSketch;
import com.datadoghq.sketch.ddsketch.DDSketches;
import io.weir.sketch.CountMin;
import io.weir.sketch.CountSketch;
import io.weir.sketch.DdSketch;
import io.weir.sketch.DdSketchLimits;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.LogarithmicMapping;
import io.weir.sketch.SampleRate;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.TestingRandom;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Formats of sketches: the same answer from all, refusals typed, nothing out of bounds. */
class SketchCodecTest {
    private static final SketchCodec CODEC = new SketchCodec(DecodeLimits.DEFAULT);

    private static byte[] serialized(DDSketch sketch) {
        ByteBuffer buffer = sketch.serialize();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static DdSketch ddSketch(byte[] bytes) throws SketchFormatException {
        return (DdSketch)
                CODEC.decode(bytes, Optional.of(SketchKind.DDSKETCH)).sketch().sketch();
    }

    private static void assertRefused(Reason reason, byte[] bytes, SketchKind kind) {
        SketchFormatException refused =
                catchThrowableOfType(SketchFormatException.class, () -> CODEC.decode(bytes, Optional.of(kind)));
        assertThat(refused).as("refused as %s", reason).isNotNull();
        assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(reason);
    }

    @Test
    void oneSketchGivesTheSameAnswerInEveryFormat() throws SketchFormatException {
        SplittableRandom random = TestingRandom.of(SketchCodecTest.class);
        DDSketch oracle = DDSketches.logarithmicUnboundedDense(0.01);
        DdSketch ours = DdSketch.ofAccuracy(0.01);
        double sum = 0;
        for (int i = 0; i < 10_000; i++) {
            double value = Math.exp(2 * TestingRandom.normal(random));
            oracle.accept(value);
            ours.add(value);
            sum += value;
        }
        BinArray bins = BinArray.of(ours, true);
        long[] counts = new long[bins.weights().length];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = (long) bins.weights()[i];
        }
        byte[] state = Bytes.ddSketchState(0.01, bins.offset(), counts);
        Map<String, byte[]> formats = Map.of(
                "sketchpb of sketches-java", serialized(oracle),
                "sketchpb of ours", SketchCodec.encodeSketchpb(ours),
                "envelope of ours", SketchCodec.encodeEnvelope(SampledSketch.of(ours)),
                "envelope without version", Bytes.proto(out -> out.writeByteArray(14, state)),
                "bare state", state,
                "msgpack", Bytes.msgpackDdSketch(0.01, bins.offset(), counts),
                "ASAPv1", Bytes.asapDdSketch(0.01, bins.offset(), sum, 1e-9, 1e9, counts));
        for (Map.Entry<String, byte[]> format : formats.entrySet()) {
            DdSketch decoded = ddSketch(format.getValue());
            assertThat(decoded.sameContents(ours))
                    .as("%s seed=%d", format.getKey(), TestingRandom.SEED)
                    .isTrue();
            for (double q : new double[] {0.5, 0.9, 0.99}) {
                assertThat(decoded.quantile(q)).as(format.getKey()).isEqualTo(ours.quantile(q));
            }
        }
    }

    @Test
    void sketchpbKeepsNegativesZerosAndFractionsOfWeight() throws SketchFormatException {
        SplittableRandom random = TestingRandom.of(SketchCodecTest.class);
        DDSketch oracle = DDSketches.logarithmicUnboundedDense(0.02);
        DdSketch ours = DdSketch.ofAccuracy(0.02);
        for (int i = 0; i < 3000; i++) {
            double value = random.nextInt(10) == 0 ? 0 : 1000 * TestingRandom.normal(random);
            double weight = 1 + random.nextInt(4) / 4.0;
            oracle.accept(value, weight);
            ours.add(value, weight);
        }
        assertThat(ddSketch(serialized(oracle)).sameContents(ours))
                .as("seed=%d", TestingRandom.SEED)
                .isTrue();
        assertThat(ddSketch(SketchCodec.encodeSketchpb(ours)).sameContents(ours))
                .isTrue();
        DdSketch empty = DdSketch.ofAccuracy(0.02);
        assertThat(ddSketch(SketchCodec.encodeSketchpb(empty)).isEmpty()).isTrue();
        assertThat(ddSketch(SketchCodec.encodeEnvelope(SampledSketch.of(empty))).isEmpty())
                .isTrue();
    }

    @Test
    void sketchpbOfSparseStoresIsRead() throws SketchFormatException {
        DDSketch interpolating = DDSketches.unboundedDense(0.01);
        DDSketch sparseLogarithmic = new DDSketch(
                new com.datadoghq.sketch.ddsketch.mapping.LogarithmicMapping(0.01),
                com.datadoghq.sketch.ddsketch.store.SparseStore::new);
        DdSketch ours = DdSketch.ofAccuracy(0.01);
        for (double value : new double[] {1e-9, -4, 0, 3, 3, 1e12}) {
            interpolating.accept(value);
            sparseLogarithmic.accept(value);
            ours.add(value);
        }
        assertThat(ddSketch(serialized(sparseLogarithmic)).sameContents(ours)).isTrue();
        // Its default mapping interpolates: other bins.
        assertRefused(Reason.UNSUPPORTED, serialized(interpolating), SketchKind.DDSKETCH);
    }

    @Test
    void whatAFormatCannotHoldIsNotWritten() {
        DdSketch infinite = DdSketch.ofAccuracy(0.01);
        infinite.add(Double.POSITIVE_INFINITY);
        DdSketch nan = DdSketch.ofAccuracy(0.01);
        nan.add(Double.NaN);
        DdSketch negative = DdSketch.ofAccuracy(0.01);
        negative.add(-1);
        DdSketch zero = DdSketch.ofAccuracy(0.01);
        zero.add(0);
        DdSketch fraction = DdSketch.ofAccuracy(0.01);
        fraction.add(1, 0.5);
        for (DdSketch sketch : new DdSketch[] {infinite, nan}) {
            assertThatThrownBy(() -> SketchCodec.encodeSketchpb(sketch)).isInstanceOf(SketchFormatException.class);
        }
        for (DdSketch sketch : new DdSketch[] {infinite, nan, negative, zero, fraction}) {
            assertThatThrownBy(() -> SketchCodec.encodeEnvelope(SampledSketch.of(sketch)))
                    .isInstanceOfSatisfying(
                            SketchFormatException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.UNSUPPORTED));
        }
        for (HyperLogLog sketch : new HyperLogLog[] {
            new HyperLogLog(12, 1, HyperLogLog.Variant.REGULAR),
            new HyperLogLog(12, HashProfile.STANDARD.canonicalSeed(), HyperLogLog.Variant.HIP)
        }) {
            assertThatThrownBy(() -> SketchCodec.encodeEnvelope(SampledSketch.of(sketch)))
                    .isInstanceOf(SketchFormatException.class);
        }
    }

    @Test
    void hyperLogLogsGoThroughTheirEnvelopeSparseAndDense() throws SketchFormatException {
        for (int items : new int[] {0, 10, 100_000}) {
            HyperLogLog sketch =
                    new HyperLogLog(14, HashProfile.STANDARD.canonicalSeed(), HyperLogLog.Variant.ERTL_MLE);
            for (int i = 0; i < items; i++) {
                sketch.add(SketchKey.of(i).bytes());
            }
            byte[] bytes = SketchCodec.encodeEnvelope(new SampledSketch(sketch, new SampleRate(0.5)));
            DecodedSketch decoded = CODEC.decode(bytes, Optional.empty());
            HyperLogLog again = (HyperLogLog) decoded.sketch().sketch();
            assertThat(again.denseRegisters()).isEqualTo(sketch.denseRegisters());
            assertThat(again.variant()).isEqualTo(sketch.variant());
            assertThat(decoded.sketch().rate()).isEqualTo(new SampleRate(0.5));
            assertThat(decoded.sketch().distinct()).isEqualTo(2 * sketch.estimate());
            assertThat(bytes.length).isLessThan(items < 100 ? 250 : 17_000);
        }
    }

    @Test
    void matricesGoThroughTheirEnvelopeWithTheirKeys() throws SketchFormatException {
        for (ColumnHashing hashing : ColumnHashing.values()) {
            FrequencyParameters parameters = new FrequencyParameters(3, 128, hashing, HashProfile.STANDARD, 50);
            DecodeLimits limits = new DecodeLimits(1 << 20, 1000, 1000, 100, 100, 50, DdSketchLimits.DEFAULT, hashing);
            for (FrequencySketch sketch :
                    new FrequencySketch[] {new CountMin(parameters), new CountSketch(parameters)}) {
                for (double weight : new double[] {1, 0.75}) {
                    for (int i = 0; i < 100; i++) {
                        sketch.add(SketchKey.of("key " + i % 7), weight);
                    }
                    byte[] bytes = SketchCodec.encodeEnvelope(SampledSketch.of(sketch));
                    FrequencySketch again = (FrequencySketch) new SketchCodec(limits)
                            .decode(bytes, Optional.of(sketch.kind()))
                            .sketch()
                            .sketch();
                    assertThat(again.top(10)).isEqualTo(sketch.top(10));
                    again.mergeFrom(sketch);
                    assertThat(again.estimate(SketchKey.of("key 0")))
                            .isEqualTo(2 * sketch.estimate(SketchKey.of("key 0")));
                }
            }
        }
    }

    @Test
    void bareStatesNeedTheirKind() throws SketchFormatException {
        HyperLogLog sketch = new HyperLogLog(10, HashProfile.STANDARD.canonicalSeed(), HyperLogLog.Variant.REGULAR);
        sketch.add(new byte[] {1});
        byte[] hyperLogLog = Bytes.proto(out -> {
            out.writeUInt32(1, 1);
            out.writeUInt32(2, 10);
            out.writeByteArray(3, sketch.denseRegisters());
        });
        byte[] matrix = Bytes.proto(out -> {
            out.writeUInt32(1, 1);
            out.writeUInt32(2, 2);
            out.writeUInt32(3, 2);
            out.writeByteArray(4, new byte[] {2, 8});
        });
        assertThat(CODEC.decode(hyperLogLog, Optional.of(SketchKind.HYPERLOGLOG))
                        .format())
                .isEqualTo(SketchFormat.BARE_STATE);
        FrequencySketch counts = (FrequencySketch)
                CODEC.decode(matrix, Optional.of(SketchKind.COUNT_MIN)).sketch().sketch();
        assertThat(counts.cell(0, 1)).isEqualTo(4);
        SketchFormatException refused =
                catchThrowableOfType(SketchFormatException.class, () -> CODEC.decode(matrix, Optional.empty()));
        assertThat(refused.reason()).isEqualTo(Reason.AMBIGUOUS);
    }

    @Test
    void msgpackHyperLogLogsComeWithBinaryOrListedRegisters() throws SketchFormatException {
        for (boolean isBinary : new boolean[] {true, false}) {
            ByteBuffer out = ByteBuffer.allocate(300).put((byte) 0x96);
            out.put(isBinary ? Bytes.text("Datafusion") : new byte[] {2}).put((byte) 4);
            out.put(isBinary ? new byte[] {(byte) 0xc4, 16} : new byte[] {(byte) 0xdc, 0, 16});
            out.put(new byte[] {0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
            out.put(Bytes.f64(0)).put(Bytes.f64(0)).put(Bytes.f64(0));
            byte[] bytes = Arrays.copyOf(out.array(), out.position());
            HyperLogLog sketch =
                    (HyperLogLog) CODEC.decode(bytes, Optional.empty()).sketch().sketch();
            assertThat(sketch.variant()).isEqualTo(HyperLogLog.Variant.ERTL_MLE);
            assertThat(sketch.register(2)).isEqualTo(5);
            assertThat(sketch.register(15)).isEqualTo(1);
        }
    }

    @Test
    void versionsAboveOursAreRefused() {
        byte[] state = Bytes.ddSketchState(0.01, 0, 1);
        assertRefused(
                Reason.UNKNOWN_VERSION,
                Bytes.proto(out -> {
                    out.writeUInt32(1, 2);
                    out.writeByteArray(14, state);
                }),
                SketchKind.DDSKETCH);
        byte[] layout = Golden.bytes("ddsketch_positive_a001");
        layout[6] = 2;
        assertRefused(Reason.UNKNOWN_VERSION, layout, SketchKind.DDSKETCH);
        byte[] metadata = Golden.bytes("ddsketch_positive_a001");
        assertThat(metadata[36]).isEqualTo((byte) 1);
        metadata[36] = 3;
        assertRefused(Reason.UNKNOWN_VERSION, metadata, SketchKind.DDSKETCH);
    }

    @Test
    void otherKindsAndUnsupportedOnesAreRefused() {
        assertRefused(Reason.WRONG_KIND, Golden.bytes("cms_i64_regular_2x3"), SketchKind.COUNT_SKETCH);
        assertRefused(Reason.WRONG_KIND, Golden.bytes("ddsketch_envelope_1_to_50"), SketchKind.HYPERLOGLOG);
        assertRefused(Reason.UNSUPPORTED, Bytes.proto(out -> out.writeByteArray(13, new byte[0])), SketchKind.DDSKETCH);
        byte[] kll = Golden.bytes("ddsketch_positive_a001");
        kll[8] = 6;
        assertRefused(Reason.UNSUPPORTED, kll, SketchKind.DDSKETCH);
        byte[] interpolated = Bytes.proto(out -> out.writeByteArray(1, Bytes.proto(mapping -> {
            mapping.writeDouble(1, 1.02);
            mapping.writeEnum(3, 3);
        })));
        assertRefused(Reason.UNSUPPORTED, interpolated, SketchKind.DDSKETCH);
        byte[] otherHash = Bytes.proto(out -> {
            out.writeByteArray(3, Bytes.proto(spec -> spec.writeEnum(1, 3)));
            out.writeByteArray(12, new byte[] {8, 1, 16, 12});
        });
        assertRefused(Reason.UNSUPPORTED, otherHash, SketchKind.HYPERLOGLOG);
    }

    @Test
    void absurdSizesAreRefusedBeforeMemoryIsTaken() {
        assertRefused(Reason.TOO_LARGE, matrixState(20, 1 << 30), SketchKind.COUNT_MIN);
        assertRefused(Reason.MALFORMED, matrixState(1 << 30, 1 << 30), SketchKind.COUNT_MIN);
        assertRefused(Reason.MALFORMED, matrixState(3, 0), SketchKind.COUNT_MIN);
        assertRefused(Reason.MALFORMED, matrixState(5, 200_000), SketchKind.COUNT_SKETCH);
        assertRefused(Reason.UNSUPPORTED, new byte[] {0x62, 4, 8, 1, 16, 60}, SketchKind.HYPERLOGLOG);
        assertRefused(Reason.TOO_LARGE, new byte[DecodeLimits.DEFAULT.bytesMax() + 1], SketchKind.DDSKETCH);
        assertRefused(Reason.TOO_LARGE, Bytes.ddSketchState(0.01, 0, new long[(1 << 18) + 1]), SketchKind.DDSKETCH);
        // Two bins at both ends of 32 bits.
        byte[] far = Bytes.proto(out -> {
            out.writeByteArray(1, Bytes.proto(mapping -> mapping.writeDouble(1, 1.02)));
            out.writeByteArray(2, Bytes.proto(store -> {
                for (int index : new int[] {Integer.MIN_VALUE, Integer.MAX_VALUE}) {
                    store.writeByteArray(1, Bytes.proto(entry -> {
                        entry.writeSInt32(1, index);
                        entry.writeDouble(2, 1);
                    }));
                }
            }));
        });
        assertRefused(Reason.TOO_LARGE, far, SketchKind.DDSKETCH);
        byte[] beyond = Bytes.ddSketchState(0.01, Integer.MAX_VALUE, 0, 1);
        assertRefused(Reason.MALFORMED, beyond, SketchKind.DDSKETCH);
        byte[] announced = {
            (byte) 0x93,
            (byte) 0xcb,
            0x3f,
            (byte) 0x84,
            0x7a,
            (byte) 0xe1,
            0x47,
            (byte) 0xae,
            0x14,
            0x7b,
            (byte) 0xdd,
            0x7f,
            0x7f,
            0x7f,
            0x7f
        };
        assertRefused(Reason.TRUNCATED, announced, SketchKind.DDSKETCH);
    }

    private static byte[] matrixState(int rows, int columns) {
        return Bytes.proto(out -> {
            out.writeUInt32(1, rows);
            out.writeUInt32(2, columns);
            out.writeEnum(3, 2);
        });
    }

    @Test
    void countsThatContradictThemselvesAreRefused() {
        byte[] lost = Bytes.proto(out -> {
            out.writeDouble(1, 0.01);
            out.writeByteArray(2, new byte[] {1, 2});
            out.writeUInt64(4, 5);
        });
        assertRefused(Reason.MALFORMED, lost, SketchKind.DDSKETCH);
        byte[] sums = Bytes.asapDdSketch(0.01, 0, Double.NaN, 1, 2, 1);
        assertRefused(Reason.MALFORMED, sums, SketchKind.DDSKETCH);
        assertRefused(Reason.MALFORMED, Bytes.asapDdSketch(0.01, 0, 0, 0, 0), SketchKind.DDSKETCH);
        byte[] trailing = Arrays.copyOf(Golden.bytes("ddsketch_positive_a001"), 110);
        assertRefused(Reason.MALFORMED, trailing, SketchKind.DDSKETCH);
        byte[] negative = Bytes.proto(out -> {
            out.writeUInt32(1, 1);
            out.writeUInt32(2, 1);
            out.writeEnum(3, 2);
            out.writeByteArray(4, new byte[] {1});
        });
        assertRefused(Reason.MALFORMED, negative, SketchKind.COUNT_MIN);
        for (double alpha : new double[] {0, 1, -1, Double.NaN, 1e-9}) {
            assertRefused(Reason.MALFORMED, Bytes.ddSketchState(alpha, 0, 1), SketchKind.DDSKETCH);
        }
        for (double probability : new double[] {-0.5, 1.5, Double.NaN}) {
            assertRefused(
                    Reason.MALFORMED,
                    Bytes.proto(out -> {
                        out.writeDouble(4, probability);
                        out.writeByteArray(14, Bytes.ddSketchState(0.01, 0, 1));
                    }),
                    SketchKind.DDSKETCH);
        }
    }

    @Test
    void bytesThatBeginLikeNothingAreRefused() {
        assertRefused(Reason.TRUNCATED, new byte[0], SketchKind.DDSKETCH);
        assertRefused(Reason.TRUNCATED, new byte[] {'A', 'S'}, SketchKind.DDSKETCH);
        assertRefused(Reason.MALFORMED, "ASAPv2xxxxxxxx".getBytes(StandardCharsets.US_ASCII), SketchKind.DDSKETCH);
        assertRefused(Reason.MALFORMED, new byte[] {0x7f}, SketchKind.DDSKETCH);
        assertRefused(Reason.MALFORMED, new byte[] {0x0a, 0}, SketchKind.DDSKETCH);
    }

    @Test
    void wholeOffsetsAreShiftedAndOthersKeptApart() throws SketchFormatException {
        DdSketch ours = DdSketch.ofAccuracy(0.01);
        ours.add(7);
        int index = ours.mapping().index(7);
        DdSketch shifted = ddSketch(offsetSketch(ours.mapping().gamma(), 1000, index + 1000));
        assertThat(shifted.sameContents(ours)).isTrue();
        LogarithmicMapping half = LogarithmicMapping.ofGamma(ours.mapping().gamma(), 1338.5);
        DdSketch apart = ddSketch(offsetSketch(ours.mapping().gamma(), 1338.5, half.index(7)));
        assertThat(apart.quantile(0.5).orElseThrow()).isBetween(7 * 0.99, 7 * 1.01);
        assertThatThrownBy(() -> ours.mergeFrom(apart)).isInstanceOf(IllegalArgumentException.class);
        assertThat(ddSketch(SketchCodec.encodeSketchpb(apart)).sameContents(apart))
                .isTrue();
    }

    private static byte[] offsetSketch(double gamma, double offset, int index) {
        return Bytes.proto(out -> {
            out.writeByteArray(1, Bytes.proto(mapping -> {
                mapping.writeDouble(1, gamma);
                mapping.writeDouble(2, offset);
            }));
            out.writeByteArray(
                    2,
                    Bytes.proto(store -> store.writeByteArray(1, Bytes.proto(entry -> {
                        entry.writeSInt32(1, index);
                        entry.writeDouble(2, 1);
                    }))));
        });
    }

    /** Truncated and changed bytes end in a refusal or in a sketch, never in another exception and never in much memory. */
    @Test
    void changedBytesNeverDoHarm() {
        SplittableRandom random = TestingRandom.of(SketchCodecTest.class);
        DeltaCodec deltas = new DeltaCodec(DecodeLimits.DEFAULT);
        List<byte[]> vectors = new ArrayList<>(Golden.all().values());
        vectors.add(Bytes.ddSketchState(0.01, -3, 1, 0, 5));
        vectors.add(Bytes.msgpackDdSketch(0.01, -3, 1, 0, 5));
        List<SketchKind> kinds = List.of(SketchKind.values());
        int refused = 0;
        int read = 0;
        int runs = Integer.getInteger("weir.fuzz.runs", 30_000);
        for (int run = 0; run < runs; run++) {
            byte[] bytes = vectors.get(random.nextInt(vectors.size())).clone();
            if (random.nextInt(3) == 0) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            }
            for (int change = random.nextInt(6); change > 0 && bytes.length > 0; change--) {
                int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64));
                bytes[at] = (byte) (random.nextInt(4) == 0 ? 0xff : random.nextInt(256));
            }
            SketchKind kind = kinds.get(random.nextInt(kinds.size()));
            try {
                if (random.nextInt(4) == 0) {
                    deltas.decodeBare(bytes, kind);
                } else {
                    CODEC.decode(bytes, random.nextBoolean() ? Optional.empty() : Optional.of(kind));
                }
                read++;
            } catch (SketchFormatException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError(
                        "seed=" + TestingRandom.SEED + " run " + run + ": "
                                + HexFormat.of().formatHex(bytes),
                        e);
            }
        }
        assertThat(refused).isGreaterThan(runs / 4);
        assertThat(read).isGreaterThan(runs / 50);
    }

    @Test
    void everyTruncationOfAnEnvelopeWithLengthsIsRefused() {
        for (String name : new String[] {"ddsketch_signed_a001", "csheap_i64_regular_2x4_strkeys", "hll_sparse_50"}) {
            byte[] whole = Golden.bytes(name);
            for (int length = 0; length < whole.length; length++) {
                byte[] part = Arrays.copyOf(whole, length);
                assertThatThrownBy(() -> CODEC.decode(part, Optional.empty()))
                        .as("%s cut to %d bytes", name, length)
                        .isInstanceOf(SketchFormatException.class);
            }
        }
    }
}
