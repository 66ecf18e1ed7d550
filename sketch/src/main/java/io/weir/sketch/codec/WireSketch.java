package io.weir.sketch.codec;

import com.google.protobuf.ByteString;
import io.weir.proto.sketch.v1.ExactItems;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleRate;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Sketches as Weir's own services exchange them ({@code weir.sketch.v1.Sketch}): nothing of a sketch is lost, or it is refused.
 *
 * <p>A frequency sketch of few items is these items. The state of all others is an envelope where that can hold it, which is smaller; a DDSketch of anything but whole counts of positive numbers is sketchpb.
 */
public final class WireSketch {
    private final DecodeLimits limits;
    private final SketchCodec codec;

    public WireSketch(DecodeLimits limits) {
        this.limits = limits;
        codec = new SketchCodec(limits);
    }

    /**
     * Writes a sketch.
     *
     * @throws SketchFormatException when the formats cannot hold it: keys that are no texts, or hashing other than the standard one
     */
    public static io.weir.proto.sketch.v1.Sketch encode(SampledSketch sampled) throws SketchFormatException {
        return switch (sampled.sketch()) {
            case DdSketch quantiles -> quantiles(quantiles, sampled.rate());
            case HyperLogLog distinct -> envelope(sampled);
            case FrequencySketch frequencies -> {
                requireWritable(frequencies);
                Optional<Map<SketchKey, Double>> exact = frequencies.exactWeights();
                yield exact.isPresent() && frequencies.parameters().profile().equals(HashProfile.STANDARD)
                        ? exact(frequencies, exact.get(), sampled.rate())
                        : envelope(sampled);
            }
        };
    }

    private static void requireWritable(FrequencySketch sketch) throws SketchFormatException {
        if (sketch.parameters().hashing() != ColumnHashing.PACKED) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED, "an envelope does not say of " + sketch + " how it is hashed");
        }
        if (sketch.candidates().stream().anyMatch(key -> !(key instanceof SketchKey.Text))) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "an envelope holds keys that are texts only");
        }
    }

    private static io.weir.proto.sketch.v1.Sketch envelope(SampledSketch sampled) throws SketchFormatException {
        return io.weir.proto.sketch.v1.Sketch.newBuilder()
                .setState(ByteString.copyFrom(SketchCodec.encodeEnvelope(sampled)))
                .build();
    }

    private static io.weir.proto.sketch.v1.Sketch exact(
            FrequencySketch sketch, Map<SketchKey, Double> weights, SampleRate rate) {
        ExactItems.Builder items = ExactItems.newBuilder()
                .setRows(sketch.parameters().rows())
                .setColumns(sketch.parameters().columns())
                .setIsCountSketch(sketch.kind() == SketchKind.COUNT_SKETCH);
        weights.forEach((key, weight) -> items.addItems(key.text()).addWeights(weight));
        return io.weir.proto.sketch.v1.Sketch.newBuilder()
                .setExact(items)
                .setSampleProbability(rate.isSampled() ? rate.probability() : 0)
                .build();
    }

    private static io.weir.proto.sketch.v1.Sketch quantiles(DdSketch sketch, SampleRate rate)
            throws SketchFormatException {
        DdSketch numbers = sketch.emptyCopy();
        sketch.forEachBin(true, (index, weight) -> numbers.addToBin(true, index, weight));
        sketch.forEachBin(false, (index, weight) -> numbers.addToBin(false, index, weight));
        if (sketch.zeroWeight() > 0) {
            numbers.add(0, sketch.zeroWeight());
        }
        io.weir.proto.sketch.v1.Sketch.Builder wire = io.weir.proto.sketch.v1.Sketch.newBuilder()
                .setPositiveInfinity(sketch.positiveInfinityWeight())
                .setNegativeInfinity(sketch.negativeInfinityWeight())
                .setNan(sketch.nanWeight());
        if (fitsEnvelope(numbers)) {
            return wire.setState(ByteString.copyFrom(SketchCodec.encodeEnvelope(new SampledSketch(numbers, rate))))
                    .build();
        }
        return wire.setState(ByteString.copyFrom(SketchCodec.encodeSketchpb(numbers)))
                .setSampleProbability(rate.isSampled() ? rate.probability() : 0)
                .build();
    }

    private static boolean fitsEnvelope(DdSketch sketch) {
        if (sketch.zeroWeight() > 0
                || sketch.binnedWeight(false) > 0
                || sketch.mapping().offset() != 0) {
            return false;
        }
        boolean[] isWhole = {true};
        sketch.forEachBin(
                true, (index, weight) -> isWhole[0] &= weight == Math.rint(weight) && weight <= Values.EXACT_MAX);
        return isWhole[0];
    }

    /**
     * Reads a sketch.
     *
     * @param expected its kind; empty if any will do
     * @throws SketchFormatException for every message that is not a sketch of that kind within the limits
     */
    public SampledSketch decode(io.weir.proto.sketch.v1.Sketch wire, Optional<SketchKind> expected)
            throws SketchFormatException {
        if (wire.hasExact()) {
            return exact(wire, expected);
        }
        byte[] state = wire.getState().toByteArray();
        SketchFormat format = SketchCodec.sniff(state);
        if (format != SketchFormat.SKETCH_ENVELOPE && format != SketchFormat.SKETCHPB) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "a state that is neither an envelope nor sketchpb");
        }
        SampledSketch decoded = codec.decode(state, expected).sketch();
        SampleRate rate = rate(wire, decoded.rate());
        if (decoded.sketch() instanceof DdSketch quantiles) {
            addWeight(quantiles, Double.POSITIVE_INFINITY, wire.getPositiveInfinity());
            addWeight(quantiles, Double.NEGATIVE_INFINITY, wire.getNegativeInfinity());
            addWeight(quantiles, Double.NaN, wire.getNan());
        } else if (wire.getPositiveInfinity() != 0 || wire.getNegativeInfinity() != 0 || wire.getNan() != 0) {
            throw new SketchFormatException(
                    Reason.MALFORMED,
                    "weights of infinities or NaN beside a " + decoded.sketch().kind());
        }
        return new SampledSketch(decoded.sketch(), rate);
    }

    private static SampleRate rate(io.weir.proto.sketch.v1.Sketch wire, SampleRate ofState)
            throws SketchFormatException {
        double probability = wire.getSampleProbability();
        if (probability == 0) {
            return ofState;
        }
        if (!(probability > 0 && probability <= 1) || ofState.isSampled()) {
            throw new SketchFormatException(Reason.MALFORMED, "a sample probability of " + probability);
        }
        return new SampleRate(probability);
    }

    private SampledSketch exact(io.weir.proto.sketch.v1.Sketch wire, Optional<SketchKind> expected)
            throws SketchFormatException {
        ExactItems items = wire.getExact();
        SketchKind kind = items.getIsCountSketch() ? SketchKind.COUNT_SKETCH : SketchKind.COUNT_MIN;
        if (expected.isPresent() && expected.get() != kind) {
            throw new SketchFormatException(Reason.WRONG_KIND, "a " + kind + " where a " + expected.get() + " was due");
        }
        boolean isBesideOthers = !wire.getState().isEmpty()
                || wire.getPositiveInfinity() != 0
                || wire.getNegativeInfinity() != 0
                || wire.getNan() != 0;
        if (isBesideOthers || items.getItemsCount() != items.getWeightsCount()) {
            throw new SketchFormatException(Reason.MALFORMED, "items beside a state, or without their weights");
        }
        if (items.getItemsCount() > limits.keysMax()) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, items.getItemsCount() + " items, more than " + limits.keysMax());
        }
        FrequencySketch sketch = States.frequencySketch(
                kind, items.getRows(), items.getColumns(), ColumnHashing.PACKED, HashProfile.STANDARD, limits);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < items.getItemsCount(); i++) {
            String item = items.getItems(i);
            double weight = items.getWeights(i);
            if (items.getItemsBytes(i).size() > limits.keyBytesMax()) {
                throw new SketchFormatException(
                        Reason.TOO_LARGE, "an item of more than " + limits.keyBytesMax() + " bytes");
            }
            if (!seen.add(item) || !(weight > 0 && weight <= Double.MAX_VALUE)) {
                throw new SketchFormatException(Reason.MALFORMED, "an item twice, or with a weight of " + weight);
            }
            sketch.add(SketchKey.of(item), weight);
        }
        return new SampledSketch(sketch, rate(wire, SampleRate.ALL));
    }

    private static void addWeight(DdSketch sketch, double value, double weight) throws SketchFormatException {
        if (weight == 0) {
            return;
        }
        if (!(weight > 0 && weight <= Double.MAX_VALUE)) {
            throw new SketchFormatException(Reason.MALFORMED, "a weight of " + weight);
        }
        sketch.add(value, weight);
    }
}
