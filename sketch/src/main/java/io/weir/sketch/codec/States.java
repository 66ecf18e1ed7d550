package io.weir.sketch.codec;

import io.weir.sketch.CountMin;
import io.weir.sketch.CountSketch;
import io.weir.sketch.DdSketch;
import io.weir.sketch.DdSketchLimits;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.LogarithmicMapping;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.Collection;

/** Sketches made from what formats say about them, with every parameter checked before memory is taken for it. */
final class States {
    private States() {}

    static LogarithmicMapping mapping(double relativeAccuracy) throws SketchFormatException {
        try {
            return LogarithmicMapping.ofAccuracy(relativeAccuracy);
        } catch (IllegalArgumentException e) {
            throw new SketchFormatException(Reason.MALFORMED, String.valueOf(e.getMessage()));
        }
    }

    static LogarithmicMapping mappingOfGamma(double gamma, double offset) throws SketchFormatException {
        try {
            return LogarithmicMapping.ofGamma(gamma, offset);
        } catch (IllegalArgumentException e) {
            throw new SketchFormatException(Reason.MALFORMED, String.valueOf(e.getMessage()));
        }
    }

    static DdSketch ddSketch(LogarithmicMapping mapping, DdSketchLimits limits) {
        return new DdSketch(mapping, limits);
    }

    /** Adds a bin's weight, which may be zero; the index is checked to be one of 32 bits. */
    static void addBin(DdSketch sketch, boolean isPositive, long index, double weight) throws SketchFormatException {
        if (weight == 0) {
            return;
        }
        if (!(weight > 0 && weight <= Double.MAX_VALUE)) {
            throw new SketchFormatException(Reason.MALFORMED, "a bin holds " + weight);
        }
        if (index != (int) index) {
            throw new SketchFormatException(Reason.MALFORMED, "a bin has the index " + index);
        }
        try {
            sketch.addToBin(isPositive, (int) index, weight);
        } catch (SketchCapacityException e) {
            throw new SketchFormatException(Reason.TOO_LARGE, String.valueOf(e.getMessage()));
        }
    }

    static void addZero(DdSketch sketch, double weight) throws SketchFormatException {
        if (weight == 0) {
            return;
        }
        if (!(weight > 0 && weight <= Double.MAX_VALUE)) {
            throw new SketchFormatException(Reason.MALFORMED, "a zero count of " + weight);
        }
        sketch.add(0, weight);
    }

    static HyperLogLog.Variant variant(long number) throws SketchFormatException {
        return switch (Math.clamp(number, -1, 4)) {
            case 1 -> HyperLogLog.Variant.REGULAR;
            case 2 -> HyperLogLog.Variant.ERTL_MLE;
            case 3 -> HyperLogLog.Variant.HIP;
            default -> throw new SketchFormatException(Reason.MALFORMED, "no variant of HyperLogLog: " + number);
        };
    }

    static HyperLogLog hyperLogLog(HyperLogLog.Variant variant, long precision, HashProfile profile)
            throws SketchFormatException {
        if (precision < HyperLogLog.PRECISION_MIN || precision > HyperLogLog.PRECISION_MAX) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED,
                    "a precision of " + precision + " is none from " + HyperLogLog.PRECISION_MIN + " to "
                            + HyperLogLog.PRECISION_MAX);
        }
        return new HyperLogLog((int) precision, profile.canonicalSeed(), variant);
    }

    static void registers(HyperLogLog sketch, byte[] registers) throws SketchFormatException {
        if (registers.length != sketch.registerCount()) {
            throw new SketchFormatException(
                    Reason.MALFORMED, registers.length + " registers instead of " + sketch.registerCount());
        }
        for (int index = 0; index < registers.length; index++) {
            if (registers[index] != 0) {
                register(sketch, index, registers[index] & 0xFF);
            }
        }
    }

    static void register(HyperLogLog sketch, long index, long rank) throws SketchFormatException {
        if (index < 0 || index >= sketch.registerCount() || rank < 1 || rank > sketch.rankMax()) {
            throw new SketchFormatException(
                    Reason.MALFORMED, "no register " + index + " can hold " + rank + " in " + sketch);
        }
        sketch.raise((int) index, (int) rank);
    }

    static FrequencySketch frequencySketch(
            SketchKind kind, long rows, long columns, ColumnHashing hashing, HashProfile profile, DecodeLimits limits)
            throws SketchFormatException {
        if (rows < 1 || columns < 1 || rows > profile.seeds().size()) {
            throw new SketchFormatException(
                    Reason.MALFORMED,
                    "no matrix has " + rows + " x " + columns + " cells with "
                            + profile.seeds().size() + " seeds");
        }
        if (columns > limits.cellsMax() / rows) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE,
                    "a matrix of " + rows + " x " + columns + " has more than " + limits.cellsMax() + " cells");
        }
        FrequencyParameters parameters =
                new FrequencyParameters((int) rows, (int) columns, hashing, profile, limits.candidatesMax());
        return kind == SketchKind.COUNT_MIN ? new CountMin(parameters) : new CountSketch(parameters);
    }

    static void cell(FrequencySketch sketch, int index, double value) throws SketchFormatException {
        boolean fits = sketch.kind() == SketchKind.COUNT_MIN ? value >= 0 : !Double.isNaN(value);
        if (!fits || Double.isInfinite(value)) {
            throw new SketchFormatException(Reason.MALFORMED, "a counter of " + value + " in " + sketch);
        }
        int columns = sketch.parameters().columns();
        sketch.addToCell(index / columns, index % columns, value);
    }

    static void requireCells(FrequencySketch sketch, int given) throws SketchFormatException {
        int cells = sketch.parameters().rows() * sketch.parameters().columns();
        if (given != cells) {
            throw new SketchFormatException(Reason.MALFORMED, given + " counters instead of " + cells);
        }
    }

    static void candidates(FrequencySketch sketch, Collection<SketchKey> keys) {
        keys.stream().distinct().forEach(sketch::addCandidate);
    }
}
