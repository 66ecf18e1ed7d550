package io.weir.sketch.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.weir.proto.sketch.v1.ExactItems;
import io.weir.proto.sketch.v1.Sketch;
import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleRate;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WireSketchTest {
    private final WireSketch wire = new WireSketch(DecodeLimits.DEFAULT);

    private DdSketch roundTrip(DdSketch sketch, SampleRate rate, SketchFormat format) throws SketchFormatException {
        Sketch message = WireSketch.encode(new SampledSketch(sketch, rate));
        assertThat(SketchCodec.sniff(message.getState().toByteArray())).isEqualTo(format);
        SampledSketch back = wire.decode(message, Optional.of(SketchKind.DDSKETCH));
        assertThat(back.rate()).isEqualTo(rate);
        return (DdSketch) back.sketch();
    }

    @Test
    void whatAnEnvelopeCanHoldGoesAsOneAndTheInfinitiesBesideIt() throws Exception {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (int i = 1; i < 1000; i++) {
            sketch.add(i);
        }
        sketch.add(Double.POSITIVE_INFINITY, 2);
        sketch.add(Double.NEGATIVE_INFINITY, 3);
        sketch.add(Double.NaN, 4);
        DdSketch back = roundTrip(sketch, new SampleRate(0.25), SketchFormat.SKETCH_ENVELOPE);
        assertThat(back.sameContents(sketch)).isTrue();
    }

    @Test
    void negativeNumbersZerosAndFractionsGoAsSketchpbAndKeepTheirRate() throws Exception {
        DdSketch sketch = DdSketch.ofAccuracy(0.02);
        sketch.add(-5, 1.5);
        sketch.add(0, 2);
        sketch.add(7, 3);
        sketch.add(Double.NaN);
        DdSketch back = roundTrip(sketch, new SampleRate(0.5), SketchFormat.SKETCHPB);
        assertThat(back.sameContents(sketch)).isTrue();
    }

    @Test
    void anEmptySketchStaysOne() throws Exception {
        DdSketch back = roundTrip(DdSketch.ofAccuracy(0.01), SampleRate.ALL, SketchFormat.SKETCH_ENVELOPE);
        assertThat(back.isEmpty()).isTrue();
    }

    @Test
    void distinctCountsAndFrequenciesGoAsEnvelopes() throws Exception {
        HyperLogLog distinct = SampleSketches.distinct(12);
        CountMin frequencies = SampleSketches.frequencies(20);
        for (int i = 0; i < 500; i++) {
            SampleSketches.record(distinct, i);
            SampleSketches.record(frequencies, i % 7);
        }
        SampledSketch distinctBack =
                wire.decode(WireSketch.encode(SampledSketch.of(distinct)), Optional.of(SketchKind.HYPERLOGLOG));
        SampledSketch frequenciesBack = wire.decode(WireSketch.encode(SampledSketch.of(frequencies)), Optional.empty());
        assertThat(distinctBack.distinct()).isEqualTo(distinct.estimate());
        assertThat(frequenciesBack.top(3)).isEqualTo(frequencies.top(3));
        // Both must still merge with what is built here.
        distinct.mergeFrom(distinctBack.sketch());
        frequencies.mergeFrom(frequenciesBack.sketch());
    }

    @Test
    void fewItemsGoWithTheirWeightsAndManyAsAnEnvelope() throws Exception {
        CountMin few = SampleSketches.frequencies(1_000);
        CountMin many = SampleSketches.frequencies(1_000);
        for (int i = 0; i < 5_000; i++) {
            SampleSketches.record(few, i % 7 / 10.0);
            SampleSketches.record(many, i % 900);
        }
        Sketch small = WireSketch.encode(new SampledSketch(few, new SampleRate(0.5)));
        assertThat(small.getSerializedSize()).isLessThan(200);
        SampledSketch back = wire.decode(small, Optional.of(SketchKind.COUNT_MIN));
        assertThat(((CountMin) back.sketch()).exactWeights()).isEqualTo(few.exactWeights());
        assertThat(back.rate().probability()).isEqualTo(0.5);
        Sketch large = WireSketch.encode(SampledSketch.of(many));
        assertThat(large.hasExact()).isFalse();
        CountMin manyBack = (CountMin) wire.decode(large, Optional.empty()).sketch();
        manyBack.mergeFrom(few);
        many.mergeFrom(few);
        assertThat(manyBack.top(900)).isEqualTo(many.top(900));
    }

    @Test
    void itemsThatMakeNoSenseAreRefused() throws Exception {
        CountMin sketch = SampleSketches.frequencies(20);
        sketch.add(SketchKey.of("a"), 2);
        sketch.add(SketchKey.of("b"), 3);
        Sketch good = WireSketch.encode(SampledSketch.of(sketch));
        ExactItems items = good.getExact();
        Sketch[] bad = {
            good.toBuilder().setNan(1).build(),
            good.toBuilder().setSampleProbability(-1).build(),
            good.toBuilder().setState(ByteString.copyFromUtf8("x")).build(),
            good.toBuilder().setExact(items.toBuilder().addItems("c")).build(),
            good.toBuilder()
                    .setExact(items.toBuilder().setItems(0, "b").setItems(1, "b"))
                    .build(),
            good.toBuilder().setExact(items.toBuilder().setWeights(0, 0)).build(),
            good.toBuilder()
                    .setExact(items.toBuilder().setWeights(0, Double.NaN))
                    .build(),
            good.toBuilder().setExact(items.toBuilder().setRows(0)).build(),
            good.toBuilder().setExact(items.toBuilder().setColumns(1 << 30)).build(),
            good.toBuilder()
                    .setExact(items.toBuilder().setItems(0, "x".repeat(5_000)))
                    .build(),
            good.toBuilder().setExact(items.toBuilder().setIsCountSketch(true)).build()
        };
        for (Sketch message : bad) {
            assertThatThrownBy(() -> wire.decode(message, Optional.of(SketchKind.COUNT_MIN)))
                    .isInstanceOf(SketchFormatException.class);
        }
    }

    private static Reason reasonOf(SketchFormatException e) {
        return e.reason();
    }

    @Test
    void whatWouldLoseSomethingIsRefused() {
        CountMin whole = SampleSketches.frequencies(20);
        whole.add(SketchKey.of(5L));
        CountMin otherHashing =
                new CountMin(new FrequencyParameters(3, 64, ColumnHashing.ROW_BY_ROW, HashProfile.STANDARD, 10));
        for (CountMin sketch : new CountMin[] {whole, otherHashing}) {
            assertThatThrownBy(() -> WireSketch.encode(SampledSketch.of(sketch)))
                    .isInstanceOfSatisfying(
                            SketchFormatException.class,
                            e -> assertThat(reasonOf(e)).isEqualTo(Reason.UNSUPPORTED));
        }
    }

    @Test
    void aMessageThatIsNoSketchIsRefused() throws Exception {
        Sketch good = WireSketch.encode(SampledSketch.of(DdSketch.ofAccuracy(0.01)));
        Sketch distinct = WireSketch.encode(SampledSketch.of(SampleSketches.distinct(12)));
        Sketch[] bad = {
            Sketch.getDefaultInstance(),
            good.toBuilder().setNan(-1).build(),
            good.toBuilder().setPositiveInfinity(Double.NaN).build(),
            good.toBuilder().setSampleProbability(1.5).build(),
            distinct,
            distinct.toBuilder().setNan(1).build(),
            good.toBuilder()
                    .setState(ByteString.copyFrom(new byte[] {(byte) 0x93, 1, 2}))
                    .build()
        };
        for (Sketch message : bad) {
            assertThatThrownBy(() -> wire.decode(message, Optional.of(SketchKind.DDSKETCH)))
                    .isInstanceOf(SketchFormatException.class);
        }
    }
}
