package io.weir.sketch.codec;

import com.google.protobuf.CodedOutputStream;
import io.weir.sketch.DdSketch;
import io.weir.sketch.LogarithmicMapping;
import io.weir.sketch.codec.SketchFormatException.Reason;
import java.util.ArrayList;
import java.util.List;

/**
 * DataDog's {@code sketchpb}: {@code DDSketch{mapping=1 positiveValues=2 negativeValues=3 zeroCount=4}},
 * {@code IndexMapping{gamma=1 indexOffset=2 interpolation=3}}, {@code Store{binCounts=1 contiguousBinCounts=2
 * contiguousBinIndexOffset=3}}.
 *
 * <p>Only mappings without interpolation are read: the bins of the others mean other values.
 */
final class SketchpbCodec {
    private SketchpbCodec() {}

    private record Bin(boolean isPositive, long index, double weight) {}

    static DdSketch decode(byte[] bytes, DecodeLimits limits) throws SketchFormatException {
        ProtoReader reader = new ProtoReader(bytes, limits);
        LogarithmicMapping mapping = null;
        List<Bin> bins = new ArrayList<>();
        double zero = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> mapping = mapping(reader.message());
                case 2 -> store(reader.message(), true, bins);
                case 3 -> store(reader.message(), false, bins);
                case 4 -> zero = reader.doubleValue();
                default -> reader.skip();
            }
        }
        if (mapping == null) {
            throw new SketchFormatException(Reason.MALFORMED, "a DDSketch without its mapping");
        }
        // Bins of a whole offset are bins of offset 0 with other numbers: sketches of both merge.
        boolean isWhole = mapping.offset() == Math.rint(mapping.offset());
        long shift = isWhole ? (long) mapping.offset() : 0;
        DdSketch sketch = States.ddSketch(isWhole ? States.mappingOfGamma(mapping.gamma(), 0) : mapping, limits.bins());
        for (Bin bin : bins) {
            States.addBin(sketch, bin.isPositive, bin.index - shift, bin.weight);
        }
        States.addZero(sketch, zero);
        return sketch;
    }

    private static LogarithmicMapping mapping(ProtoReader reader) throws SketchFormatException {
        double gamma = 0;
        double offset = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> gamma = reader.doubleValue();
                case 2 -> offset = reader.doubleValue();
                case 3 -> {
                    long interpolation = reader.varint();
                    if (interpolation != 0) {
                        throw new SketchFormatException(
                                Reason.UNSUPPORTED,
                                "a mapping of interpolation " + interpolation + "; send a logarithmic one");
                    }
                }
                default -> reader.skip();
            }
        }
        return States.mappingOfGamma(gamma, offset);
    }

    private static void store(ProtoReader reader, boolean isPositive, List<Bin> bins) throws SketchFormatException {
        Values contiguous = new Values(reader.limits().valuesMax(), "bins");
        long offset = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> {
                    if (bins.size() >= reader.limits().valuesMax()) {
                        throw new SketchFormatException(
                                Reason.TOO_LARGE, "more than " + reader.limits().valuesMax() + " bins");
                    }
                    bins.add(entry(reader.message(), isPositive));
                }
                case 2 -> reader.doubles(contiguous);
                case 3 -> offset = reader.signedInt();
                default -> reader.skip();
            }
        }
        for (int i = 0; i < contiguous.size(); i++) {
            if (contiguous.doubleAt(i) != 0) {
                bins.add(new Bin(isPositive, offset + i, contiguous.doubleAt(i)));
            }
        }
    }

    private static Bin entry(ProtoReader reader, boolean isPositive) throws SketchFormatException {
        int index = 0;
        double weight = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> index = reader.signedInt();
                case 2 -> weight = reader.doubleValue();
                default -> reader.skip();
            }
        }
        return new Bin(isPositive, index, weight);
    }

    /**
     * Writes a sketch.
     *
     * @throws SketchFormatException when it counted infinities or NaN: the format has no place for them, and leaving them out
     *     would move every rank
     */
    static byte[] encode(DdSketch sketch) throws SketchFormatException {
        if (sketch.nanWeight() + sketch.positiveInfinityWeight() + sketch.negativeInfinityWeight() > 0) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED, "sketchpb has no place for infinities and NaN; send their counts beside it");
        }
        byte[] mapping = ProtoWriter.message(out -> {
            out.writeDouble(1, sketch.mapping().gamma());
            if (sketch.mapping().offset() != 0) {
                out.writeDouble(2, sketch.mapping().offset());
            }
        });
        return ProtoWriter.message(out -> {
            out.writeByteArray(1, mapping);
            writeStore(out, 2, sketch, true);
            writeStore(out, 3, sketch, false);
            if (sketch.zeroWeight() > 0) {
                out.writeDouble(4, sketch.zeroWeight());
            }
        });
    }

    private static void writeStore(CodedOutputStream out, int field, DdSketch sketch, boolean isPositive)
            throws java.io.IOException {
        BinArray bins = BinArray.of(sketch, isPositive);
        out.writeByteArray(field, ProtoWriter.message(store -> {
            if (bins.weights().length > 0) {
                store.writeByteArray(2, ProtoWriter.message(packed -> {
                    for (double weight : bins.weights()) {
                        packed.writeDoubleNoTag(weight);
                    }
                }));
            }
            if (bins.offset() != 0) {
                store.writeSInt32(3, bins.offset());
            }
        }));
    }
}
