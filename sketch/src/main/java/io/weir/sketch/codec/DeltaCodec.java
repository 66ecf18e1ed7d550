package io.weir.sketch.codec;

import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.delta.DeltaChanges;
import java.util.ArrayList;
import java.util.List;

/**
 * Bare deltas of {@code sketchlib.v1}. Those in their envelope ({@code SketchDeltaEnvelope}) are not read: the two cannot be told apart, and no
 * carrier says which it sends.
 */
public final class DeltaCodec {
    private final DecodeLimits limits;

    public DeltaCodec(DecodeLimits limits) {
        this.limits = limits;
    }

    /** Reads a delta without envelope. */
    public DeltaChanges decodeBare(byte[] bytes, SketchKind kind) throws SketchFormatException {
        return read(kind, new ProtoReader(bytes, limits));
    }

    private static DeltaChanges read(SketchKind kind, ProtoReader reader) throws SketchFormatException {
        return switch (kind) {
            case DDSKETCH -> bins(reader);
            case HYPERLOGLOG -> registers(reader);
            case COUNT_MIN, COUNT_SKETCH -> cells(kind, reader);
        };
    }

    private static DeltaChanges.Bins bins(ProtoReader reader) throws SketchFormatException {
        List<DeltaChanges.Bins.Bin> bins = new ArrayList<>();
        while (reader.next()) {
            if (reader.field() != 1) {
                reader.skip();
                continue;
            }
            requireRoom(bins, reader.limits().valuesMax(), "bins");
            ProtoReader bin = reader.message();
            int index = 0;
            double weight = 0;
            while (bin.next()) {
                switch (bin.field()) {
                    case 1 -> index = bin.signedInt();
                    case 2 -> weight = Values.exactCount(bin.varint());
                    default -> bin.skip();
                }
            }
            if (weight > 0) {
                bins.add(new DeltaChanges.Bins.Bin(index, weight));
            }
        }
        return new DeltaChanges.Bins(bins);
    }

    private static void requireRoom(List<?> list, int max, String what) throws SketchFormatException {
        if (list.size() >= max) {
            throw new SketchFormatException(Reason.TOO_LARGE, "more than " + max + " " + what);
        }
    }

    /*
     * Field 1 is the packed updates today and was one message for each update before. Several of them are the old form; one that
     * reads as both is refused rather than guessed, and the stream waits for its next checkpoint.
     */
    private static DeltaChanges.Registers registers(ProtoReader reader) throws SketchFormatException {
        byte[] packed = null;
        while (reader.next()) {
            if (reader.field() != 1) {
                reader.skip();
                continue;
            }
            if (packed != null) {
                throw new SketchFormatException(Reason.UNSUPPORTED, "updates of registers in their old, unpacked form");
            }
            packed = reader.bytes();
        }
        if (packed == null) {
            return new DeltaChanges.Registers(List.of());
        }
        if (readsAsOneUpdate(packed)) {
            throw new SketchFormatException(Reason.AMBIGUOUS, "updates of registers that may be packed or not");
        }
        int rankMax = 65 - HyperLogLog.PRECISION_MIN;
        List<DeltaChanges.Registers.Register> registers = new ArrayList<>();
        PackedRegisters.read(packed, (index, rank) -> {
            if (index >= 1 << HyperLogLog.PRECISION_MAX || rank < 1 || rank > rankMax) {
                throw new SketchFormatException(Reason.MALFORMED, "no register " + index + " can hold " + rank);
            }
            registers.add(new DeltaChanges.Registers.Register((int) index, (int) rank));
        });
        return new DeltaChanges.Registers(registers);
    }

    private static boolean readsAsOneUpdate(byte[] packed) {
        boolean hasTags = packed.length >= 4 && packed.length <= 12 && packed[0] == 0x08;
        if (!hasTags) {
            return false;
        }
        int at = 1;
        while (at < packed.length && packed[at] < 0) {
            at++;
        }
        return at + 2 < packed.length && packed[at + 1] == 0x10 && at + 3 == packed.length;
    }

    private static DeltaChanges.Cells cells(SketchKind kind, ProtoReader reader) throws SketchFormatException {
        boolean isCountSketch = kind == SketchKind.COUNT_SKETCH;
        int rows = 0;
        int columns = 0;
        DecodeLimits limits = reader.limits();
        Values cellRows = new Values(limits.cellsMax(), "cells");
        Values cellColumns = new Values(limits.cellsMax(), "cells");
        Values changes = new Values(limits.cellsMax(), "cells");
        List<DeltaChanges.Cells.Cell> cells = new ArrayList<>();
        List<SketchKey> keys = new ArrayList<>();
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> rows = reader.count(limits.cellsMax(), "a row count");
                case 2 -> columns = reader.count(limits.cellsMax(), "a column count");
                case 3 -> {
                    requireRoom(cells, limits.cellsMax(), "cells");
                    cells.add(cell(reader.message()));
                }
                case 5 -> {
                    if (isCountSketch) {
                        StateReader.topKeys(reader.message(), keys);
                    } else {
                        reader.skip();
                    }
                }
                case 6 -> StateReader.addKey(keys, reader);
                case 9 -> reader.varints(cellRows);
                case 10 -> reader.varints(cellColumns);
                case 11 -> reader.varints(changes);
                default -> reader.skip();
            }
        }
        if (cellRows.size() != changes.size() || cellColumns.size() != changes.size()) {
            throw new SketchFormatException(
                    Reason.MALFORMED,
                    cellRows.size() + " rows and " + cellColumns.size() + " columns for " + changes.size()
                            + " changes of cells");
        }
        for (int i = 0; i < changes.size(); i++) {
            cells.add(cell(cellRows.at(i), cellColumns.at(i), changes.zigzagAt(i)));
        }
        for (DeltaChanges.Cells.Cell cell : cells) {
            if (cell.row() >= rows || cell.column() >= columns) {
                throw new SketchFormatException(
                        Reason.MALFORMED,
                        "cell " + cell.row() + ", " + cell.column() + " of " + rows + " x " + columns);
            }
        }
        return new DeltaChanges.Cells(kind, rows, columns, cells, keys);
    }

    private static DeltaChanges.Cells.Cell cell(ProtoReader reader) throws SketchFormatException {
        long row = 0;
        long column = 0;
        double change = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> row = reader.varint();
                case 2 -> column = reader.varint();
                case 3 -> change = reader.doubleValue();
                default -> reader.skip();
            }
        }
        return cell(row, column, change);
    }

    private static DeltaChanges.Cells.Cell cell(long row, long column, double change) throws SketchFormatException {
        if (row < 0
                || row > Integer.MAX_VALUE
                || column < 0
                || column > Integer.MAX_VALUE
                || !Double.isFinite(change)) {
            throw new SketchFormatException(Reason.MALFORMED, "a change of " + change + " at " + row + ", " + column);
        }
        return new DeltaChanges.Cells.Cell((int) row, (int) column, change);
    }
}
