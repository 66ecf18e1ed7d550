package io.weir.sketch.codec;

import com.google.protobuf.CodedOutputStream;
import io.weir.sketch.CountMin;
import io.weir.sketch.CountSketch;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleRate;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code sketchlib.v1.SketchEnvelope}: format_version=1 producer=2 hash_spec=3 sample_p=4 and one state (count_min=10
 * count_sketch=11 hll=12 ddsketch=14; the others are not supported).
 */
final class EnvelopeCodec {
    /** The highest format version we know. */
    static final int FORMAT_VERSION = 1;

    private static final int ALGORITHM_XXH3_64 = 1;
    private static final int DERIVATION_ADDITIVE = 1;
    private static final int DERIVATION_PACKED = 2;
    private static final String PRODUCER = "weir";

    private EnvelopeCodec() {}

    private record HashSpec(HashProfile profile, ColumnHashing hashing) {}

    static SampledSketch decode(byte[] bytes, DecodeLimits limits) throws SketchFormatException {
        ProtoReader reader = new ProtoReader(bytes, limits);
        byte @Nullable [] hashSpec = null;
        double sampleProbability = 0;
        SketchKind kind = null;
        byte[] state = new byte[0];
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> requireKnown(reader.varint());
                case 3 -> hashSpec = reader.bytes();
                case 4 -> sampleProbability = reader.doubleValue();
                case 10, 11, 12, 13, 14, 15, 16, 17, 18 -> {
                    SketchKind next = kindOf(reader.field());
                    if (kind != null) {
                        throw new SketchFormatException(Reason.MALFORMED, "an envelope with two states");
                    }
                    kind = next;
                    state = reader.bytes();
                }
                default -> reader.skip();
            }
        }
        if (kind == null) {
            throw new SketchFormatException(Reason.MALFORMED, "an envelope without a state");
        }
        HashSpec spec = kind == SketchKind.DDSKETCH || hashSpec == null
                ? new HashSpec(HashProfile.STANDARD, limits.matrixHashing())
                : hashSpec(new ProtoReader(hashSpec, limits));
        Sketch sketch = StateReader.read(kind, new ProtoReader(state, limits), spec.profile, spec.hashing);
        return new SampledSketch(sketch, sampleRate(sampleProbability));
    }

    private static void requireKnown(long version) throws SketchFormatException {
        if (version < 0 || version > FORMAT_VERSION) {
            throw new SketchFormatException(
                    Reason.UNKNOWN_VERSION,
                    "format version " + Long.toUnsignedString(version) + " is above " + FORMAT_VERSION);
        }
    }

    private static SketchKind kindOf(int field) throws SketchFormatException {
        return switch (field) {
            case 10 -> SketchKind.COUNT_MIN;
            case 11 -> SketchKind.COUNT_SKETCH;
            case 12 -> SketchKind.HYPERLOGLOG;
            case 14 -> SketchKind.DDSKETCH;
            default ->
                throw new SketchFormatException(
                        Reason.UNSUPPORTED,
                        "an envelope with the state of field " + field + " (KLL, UnivMon, Hydra, Coco, Elastic)");
        };
    }

    private static SampleRate sampleRate(double probability) throws SketchFormatException {
        if (probability == 0) {
            return SampleRate.ALL;
        }
        if (!(probability > 0 && probability <= 1)) {
            throw new SketchFormatException(Reason.MALFORMED, "a sample_p of " + probability);
        }
        return new SampleRate(probability);
    }

    private static HashSpec hashSpec(ProtoReader reader) throws SketchFormatException {
        long algorithm = 0;
        int canonicalIndex = 0;
        long derivation = 0;
        Values seeds = new Values(HashProfile.SEEDS_MAX, "seeds");
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> algorithm = reader.varint();
                case 2 -> canonicalIndex = reader.count(HashProfile.SEEDS_MAX - 1, "a seed index");
                case 3 -> reader.varints(seeds);
                case 4 -> derivation = reader.varint();
                default -> reader.skip();
            }
        }
        if (algorithm != 0 && algorithm != ALGORITHM_XXH3_64) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "hash algorithm " + algorithm + "; we know XXH3_64");
        }
        // Known producers say "additive" of packed matrices too, so only "packed" says something.
        ColumnHashing hashing = derivation == DERIVATION_PACKED
                ? ColumnHashing.PACKED
                : reader.limits().matrixHashing();
        return new HashSpec(profile(seeds, canonicalIndex), hashing);
    }

    private static HashProfile profile(Values seeds, int canonicalIndex) throws SketchFormatException {
        if (seeds.size() == 0) {
            return HashProfile.STANDARD;
        }
        if (canonicalIndex >= seeds.size()) {
            throw new SketchFormatException(
                    Reason.MALFORMED, "seed " + canonicalIndex + " of a list of " + seeds.size());
        }
        List<Long> list = new ArrayList<>();
        for (int i = 0; i < seeds.size(); i++) {
            list.add(seeds.at(i));
        }
        return new HashProfile(list, canonicalIndex, 0);
    }

    /**
     * Writes a sketch in an envelope.
     *
     * @throws SketchFormatException when the format cannot hold it: a DDSketch of anything but whole counts of positive
     *     numbers, or a HyperLogLog whose seed is not of the standard list
     */
    static byte[] encode(SampledSketch sampled) throws SketchFormatException {
        Sketch sketch = sampled.sketch();
        int field = switch (sketch) {
            case CountMin counts -> 10;
            case CountSketch counts -> 11;
            case HyperLogLog distinct -> 12;
            case DdSketch quantiles -> 14;
        };
        byte[] state = switch (sketch) {
            case DdSketch quantiles -> ddSketchState(quantiles);
            case HyperLogLog distinct -> hyperLogLogState(distinct);
            case FrequencySketch frequencies -> frequencyState(frequencies);
        };
        byte[] hashSpec = switch (sketch) {
            case DdSketch quantiles -> new byte[0];
            case HyperLogLog distinct -> hashSpec(HashProfile.STANDARD, DERIVATION_ADDITIVE);
            case FrequencySketch frequencies ->
                hashSpec(
                        frequencies.parameters().profile(),
                        frequencies.parameters().hashing() == ColumnHashing.PACKED
                                ? DERIVATION_PACKED
                                : DERIVATION_ADDITIVE);
        };
        byte[] producer = ProtoWriter.message(out -> out.writeString(1, PRODUCER));
        return ProtoWriter.message(out -> {
            out.writeUInt32(1, FORMAT_VERSION);
            out.writeByteArray(2, producer);
            if (hashSpec.length > 0) {
                out.writeByteArray(3, hashSpec);
            }
            if (sampled.rate().isSampled()) {
                out.writeDouble(4, sampled.rate().probability());
            }
            out.writeByteArray(field, state);
        });
    }

    private static byte[] hashSpec(HashProfile profile, int derivation) {
        return ProtoWriter.message(out -> {
            out.writeEnum(1, ALGORITHM_XXH3_64);
            out.writeUInt32(2, profile.canonicalIndex());
            out.writeByteArray(3, ProtoWriter.message(packed -> {
                for (long seed : profile.seeds()) {
                    packed.writeUInt64NoTag(seed);
                }
            }));
            out.writeEnum(4, derivation);
        });
    }

    private static byte[] ddSketchState(DdSketch sketch) throws SketchFormatException {
        if (sketch.count() != sketch.binnedWeight(true)
                || sketch.nanWeight() > 0
                || sketch.mapping().offset() != 0) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED, "a DDSketchState holds positive numbers only; write this sketch as sketchpb");
        }
        BinArray bins = BinArray.of(sketch, true);
        for (double weight : bins.weights()) {
            if (weight != Math.rint(weight) || weight > Values.EXACT_MAX) {
                throw new SketchFormatException(
                        Reason.UNSUPPORTED, "a DDSketchState holds whole counts only; write this sketch as sketchpb");
            }
        }
        return ProtoWriter.message(out -> {
            out.writeDouble(1, sketch.mapping().relativeAccuracy());
            if (bins.weights().length > 0) {
                out.writeByteArray(2, ProtoWriter.message(packed -> {
                    for (double weight : bins.weights()) {
                        packed.writeUInt64NoTag((long) weight);
                    }
                }));
            }
            if (bins.offset() != 0) {
                out.writeSInt32(3, bins.offset());
            }
        });
    }

    private static byte[] hyperLogLogState(HyperLogLog sketch) throws SketchFormatException {
        if (sketch.seed() != HashProfile.STANDARD.canonicalSeed()) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED, "only the standard seed is written, not that of " + sketch);
        }
        if (sketch.variant() == HyperLogLog.Variant.HIP) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED, "the running estimate of a HIP sketch is not kept; write another variant");
        }
        return ProtoWriter.message(out -> {
            out.writeEnum(1, sketch.variant() == HyperLogLog.Variant.REGULAR ? 1 : 2);
            out.writeUInt32(2, sketch.precision());
            if (sketch.isSparse()) {
                out.writeByteArray(7, ProtoWriter.message(sparse -> {
                    sparse.writeUInt32(1, sketch.registerCount());
                    sparse.writeByteArray(2, PackedRegisters.write(sketch));
                }));
            } else {
                out.writeByteArray(3, sketch.denseRegisters());
            }
        });
    }

    private static byte[] frequencyState(FrequencySketch sketch) {
        boolean isWhole = true;
        int rows = sketch.parameters().rows();
        int columns = sketch.parameters().columns();
        for (int row = 0; row < rows && isWhole; row++) {
            for (int column = 0; column < columns && isWhole; column++) {
                double cell = sketch.cell(row, column);
                isWhole = cell == Math.rint(cell) && Math.abs(cell) <= Values.EXACT_MAX;
            }
        }
        boolean writesWhole = isWhole;
        List<String> keys = sketch.candidates().stream()
                .filter(key -> key instanceof SketchKey.Text)
                .map(SketchKey::text)
                .sorted()
                .toList();
        return ProtoWriter.message(out -> {
            out.writeUInt32(1, rows);
            out.writeUInt32(2, columns);
            out.writeEnum(3, writesWhole ? 2 : 4);
            out.writeByteArray(writesWhole ? 4 : 5, ProtoWriter.message(packed -> {
                for (int row = 0; row < rows; row++) {
                    for (int column = 0; column < columns; column++) {
                        writeCell(packed, sketch.cell(row, column), writesWhole);
                    }
                }
            }));
            for (String key : keys) {
                out.writeString(16, key);
            }
        });
    }

    private static void writeCell(CodedOutputStream out, double cell, boolean isWhole) throws IOException {
        if (isWhole) {
            out.writeSInt64NoTag((long) cell);
        } else {
            out.writeDoubleNoTag(cell);
        }
    }
}
