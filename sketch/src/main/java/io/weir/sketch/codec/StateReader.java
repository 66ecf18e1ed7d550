package io.weir.sketch.codec;

import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.ArrayList;
import java.util.List;

/**
 * The states of {@code sketchlib.v1}: DDSketchState, HyperLogLogState, CountMinState, CountSketchState (report A3).
 *
 * <p>Fields that repeat what the state says (sums, norms, counts) are skipped. Field 16 of CountMinState, the keys of heavy
 * hitters, is ours: CountSketchState has it, CountMinState does not, and a reader that does not know it passes over it.
 */
final class StateReader {
    private static final int COUNTER_INT32 = 1;
    private static final int COUNTER_INT64 = 2;
    private static final int COUNTER_FLOAT64 = 4;

    private StateReader() {}

    static Sketch read(SketchKind kind, ProtoReader reader, HashProfile profile, ColumnHashing hashing)
            throws SketchFormatException {
        return switch (kind) {
            case DDSKETCH -> ddSketch(reader);
            case HYPERLOGLOG -> hyperLogLog(reader, profile);
            case COUNT_MIN, COUNT_SKETCH -> frequencySketch(kind, reader, profile, hashing);
        };
    }

    private static DdSketch ddSketch(ProtoReader reader) throws SketchFormatException {
        double relativeAccuracy = 0;
        Values counts = new Values(reader.limits().valuesMax(), "bins");
        long offset = 0;
        double announced = -1;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> relativeAccuracy = reader.doubleValue();
                case 2 -> reader.varints(counts);
                case 3 -> offset = reader.signedInt();
                case 4 -> announced = Values.exactCount(reader.varint());
                default -> reader.skip();
            }
        }
        DdSketch sketch = States.ddSketch(
                States.mapping(relativeAccuracy), reader.limits().bins());
        for (int i = 0; i < counts.size(); i++) {
            States.addBin(sketch, true, offset + i, counts.countAt(i));
        }
        // Older producers send the count too. One that differs means bins got lost on the way.
        if (announced >= 0 && announced != sketch.count()) {
            throw new SketchFormatException(
                    Reason.MALFORMED, "the bins hold " + sketch.count() + " values, not " + announced);
        }
        return sketch;
    }

    private static HyperLogLog hyperLogLog(ProtoReader reader, HashProfile profile) throws SketchFormatException {
        long variant = 0;
        long precision = 0;
        byte[] dense = new byte[0];
        byte[] sparse = new byte[0];
        long announced = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> variant = reader.varint();
                case 2 -> precision = reader.varint();
                case 3 -> dense = reader.bytes();
                case 7 -> {
                    ProtoReader nested = reader.message();
                    while (nested.next()) {
                        switch (nested.field()) {
                            case 1 -> announced = nested.varint();
                            case 2 -> sparse = nested.bytes();
                            default -> nested.skip();
                        }
                    }
                }
                default -> reader.skip();
            }
        }
        HyperLogLog sketch = States.hyperLogLog(States.variant(variant), precision, profile);
        if (announced != 0 && announced != sketch.registerCount()) {
            throw new SketchFormatException(
                    Reason.MALFORMED, announced + " registers instead of " + sketch.registerCount());
        }
        if (dense.length > 0) {
            States.registers(sketch, dense);
        }
        PackedRegisters.read(sparse, (index, rank) -> States.register(sketch, index, rank));
        return sketch;
    }

    private static FrequencySketch frequencySketch(
            SketchKind kind, ProtoReader reader, HashProfile profile, ColumnHashing hashing)
            throws SketchFormatException {
        long rows = 0;
        long columns = 0;
        long counterType = 0;
        Values whole = new Values(reader.limits().cellsMax(), "counters");
        Values fractions = new Values(reader.limits().cellsMax(), "counters");
        List<SketchKey> keys = new ArrayList<>();
        boolean isCountSketch = kind == SketchKind.COUNT_SKETCH;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> rows = reader.varint();
                case 2 -> columns = reader.varint();
                case 3 -> counterType = reader.varint();
                case 4 -> reader.varints(whole);
                case 5 -> reader.doubles(fractions);
                case 7 -> {
                    if (isCountSketch) {
                        topKeys(reader.message(), keys);
                    } else {
                        reader.skip();
                    }
                }
                case 16 -> addKey(keys, reader);
                default -> reader.skip();
            }
        }
        FrequencySketch sketch = States.frequencySketch(kind, rows, columns, hashing, profile, reader.limits());
        fill(sketch, counterType, whole, fractions);
        States.candidates(sketch, keys);
        return sketch;
    }

    private static void fill(FrequencySketch sketch, long counterType, Values whole, Values fractions)
            throws SketchFormatException {
        boolean isWhole = counterType == COUNTER_INT32 || counterType == COUNTER_INT64;
        if (!isWhole && counterType != COUNTER_FLOAT64) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "counters of type " + counterType);
        }
        States.requireCells(sketch, isWhole ? whole.size() : fractions.size());
        for (int i = 0; i < (isWhole ? whole.size() : fractions.size()); i++) {
            States.cell(sketch, i, isWhole ? whole.zigzagAt(i) : fractions.doubleAt(i));
        }
    }

    /** The keys of a TopKState. Its counts are those of one producer: the matrix knows better. */
    static void topKeys(ProtoReader reader, List<SketchKey> keys) throws SketchFormatException {
        while (reader.next()) {
            if (reader.field() != 2) {
                reader.skip();
                continue;
            }
            ProtoReader entry = reader.message();
            while (entry.next()) {
                if (entry.field() == 1) {
                    addKey(keys, entry);
                } else {
                    entry.skip();
                }
            }
        }
    }

    static void addKey(List<SketchKey> keys, ProtoReader reader) throws SketchFormatException {
        if (keys.size() == reader.limits().keysMax()) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, "more than " + reader.limits().keysMax() + " keys");
        }
        keys.add(SketchKey.of(reader.text()));
    }
}
