package io.weir.sketch.codec;

import com.google.protobuf.ByteString;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleRate;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import java.util.Optional;

/**
 * Sketches as Weir's own services exchange them ({@code weir.sketch.v1.Sketch}): nothing of a sketch is lost, or it is refused.
 *
 * <p>The state is an envelope where that can hold it, which is smaller; a DDSketch of anything but whole counts of positive numbers is sketchpb.
 */
public final class WireSketch {
    private final SketchCodec codec;

    public WireSketch(DecodeLimits limits) {
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
                yield envelope(sampled);
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
        byte[] state = wire.getState().toByteArray();
        SketchFormat format = SketchCodec.sniff(state);
        if (format != SketchFormat.SKETCH_ENVELOPE && format != SketchFormat.SKETCHPB) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "a state that is neither an envelope nor sketchpb");
        }
        SampledSketch decoded = codec.decode(state, expected).sketch();
        SampleRate rate = decoded.rate();
        if (wire.getSampleProbability() != 0) {
            if (!(wire.getSampleProbability() > 0 && wire.getSampleProbability() <= 1) || rate.isSampled()) {
                throw new SketchFormatException(
                        Reason.MALFORMED, "a sample probability of " + wire.getSampleProbability());
            }
            rate = new SampleRate(wire.getSampleProbability());
        }
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
