package io.weir.sketch.delta;

import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.SketchMismatchException;
import java.util.List;

/** What changed in a sketch. Counts are added; registers are raised. */
public sealed interface DeltaChanges {
    SketchKind kind();

    /**
     * A sketch with the changes in it; {@code base} stays as it is.
     *
     * @throws SketchMismatchException when the changes are none of a sketch like {@code base}
     * @throws io.weir.sketch.SketchCapacityException when the changed sketch is beyond its bound
     */
    Sketch appliedTo(Sketch base);

    /** Weight added to bins of positive values. */
    record Bins(List<Bin> bins) implements DeltaChanges {
        /**
         * Weight of one bin.
         *
         * @param weight above zero
         */
        public record Bin(int index, double weight) {}

        public Bins {
            bins = List.copyOf(bins);
        }

        @Override
        public SketchKind kind() {
            return SketchKind.DDSKETCH;
        }

        @Override
        public Sketch appliedTo(Sketch base) {
            if (!(base instanceof DdSketch sketch)) {
                throw new SketchMismatchException("bins do not fit a sketch of kind " + base.kind());
            }
            DdSketch changed = sketch.copy();
            bins.forEach(bin -> changed.addToBin(true, bin.index, bin.weight));
            return changed;
        }
    }

    /** Registers and what they rose to. */
    record Registers(List<Register> registers) implements DeltaChanges {
        /**
         * What one register rose to.
         *
         * @param rank above zero
         */
        public record Register(int index, int rank) {}

        public Registers {
            registers = List.copyOf(registers);
        }

        @Override
        public SketchKind kind() {
            return SketchKind.HYPERLOGLOG;
        }

        @Override
        public Sketch appliedTo(Sketch base) {
            if (!(base instanceof HyperLogLog sketch)) {
                throw new SketchMismatchException("registers do not fit a sketch of kind " + base.kind());
            }
            HyperLogLog changed = sketch.copy();
            for (Register register : registers) {
                if (register.index >= changed.registerCount() || register.rank > changed.rankMax()) {
                    throw new SketchMismatchException("register " + register + " does not fit " + changed);
                }
                changed.raise(register.index, register.rank);
            }
            return changed;
        }
    }

    /** Counters of a matrix and what is added to them, and keys that may be heavy hitters. */
    record Cells(SketchKind kind, int rows, int columns, List<Cell> cells, List<SketchKey> keys)
            implements DeltaChanges {
        /**
         * A change of one counter.
         *
         * @param change may be negative
         */
        public record Cell(int row, int column, double change) {}

        public Cells {
            cells = List.copyOf(cells);
            keys = List.copyOf(keys);
            if (kind != SketchKind.COUNT_MIN && kind != SketchKind.COUNT_SKETCH) {
                throw new IllegalArgumentException("a sketch of kind " + kind + " has no cells");
            }
        }

        @Override
        public Sketch appliedTo(Sketch base) {
            if (!(base instanceof FrequencySketch sketch)
                    || sketch.kind() != kind
                    || sketch.parameters().rows() != rows
                    || sketch.parameters().columns() != columns) {
                throw new SketchMismatchException(
                        "cells of a " + kind + " of " + rows + " x " + columns + " do not fit " + base);
            }
            FrequencySketch changed = sketch.copy();
            for (Cell cell : cells) {
                if (cell.row >= rows || cell.column >= columns) {
                    throw new SketchMismatchException("cell " + cell + " does not fit " + changed);
                }
                changed.addToCell(cell.row, cell.column, cell.change);
                if (kind == SketchKind.COUNT_MIN && changed.cell(cell.row, cell.column) < 0) {
                    throw new SketchMismatchException("cell " + cell + " would fall below zero");
                }
            }
            keys.forEach(changed::addCandidate);
            return changed;
        }
    }
}
