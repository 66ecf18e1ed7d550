package io.weir.promql.exec;

import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Function;
import io.weir.promql.function.BinaryArithmetic;
import io.weir.promql.function.Elementwise;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.List;

/** The operators that compute each element by itself. */
final class ElementOperators {
    private ElementOperators() {}

    /** A function of each element and of scalars that are the same for all elements of a step. */
    static final class FunctionCall extends MappedOperator {
        private final Function function;
        private final List<ScalarOperator> scalars;
        private double first;
        private double second;

        FunctionCall(Function function, VectorOperator child, List<ScalarOperator> scalars, boolean delayed) {
            super(child, LabelMapping.droppingName(child, delayed));
            this.function = function;
            this.scalars = scalars;
        }

        @Override
        void prepare(int step) {
            first = scalars.isEmpty() ? 0 : scalars.get(0).value(step);
            second = scalars.size() < 2 ? 0 : scalars.get(1).value(step);
        }

        @Override
        void transform(StepVector vector) {
            double[] values = vector.values();
            for (int i = 0; i < vector.size(); i++) {
                double value = values[i];
                if (!StaleMarker.is(value)) {
                    values[i] = switch (scalars.size()) {
                        case 0 -> Elementwise.apply(function, value);
                        case 1 -> Elementwise.apply(function, value, first);
                        default -> Elementwise.apply(function, value, first, second);
                    };
                }
            }
        }

        @Override
        public void close() {
            super.close();
            scalars.forEach(ScalarOperator::close);
        }
    }

    /** -v. */
    static final class Negation extends MappedOperator {
        Negation(VectorOperator child, boolean delayed) {
            super(child, LabelMapping.droppingName(child, delayed));
        }

        @Override
        void prepare(int step) {}

        @Override
        void transform(StepVector vector) {
            double[] values = vector.values();
            for (int i = 0; i < vector.size(); i++) {
                if (!StaleMarker.is(values[i])) {
                    values[i] = -values[i];
                }
            }
        }
    }

    /** timestamp(v) of a vector that is computed: the evaluation time. */
    static final class Timestamp extends MappedOperator {
        private final StepGrid grid;
        private double seconds;

        Timestamp(VectorOperator child, StepGrid grid, boolean delayed) {
            super(child, LabelMapping.droppingName(child, delayed));
            this.grid = grid;
        }

        @Override
        void prepare(int step) {
            seconds = grid.at(step) / 1000.0;
        }

        @Override
        void transform(StepVector vector) {
            double[] values = vector.values();
            for (int i = 0; i < vector.size(); i++) {
                if (!StaleMarker.is(values[i])) {
                    values[i] = seconds;
                }
            }
        }
    }

    /** Changes labels only. */
    static final class Relabel extends MappedOperator {
        Relabel(VectorOperator child, LabelMapping mapping) {
            super(child, mapping);
        }

        @Override
        void prepare(int step) {}

        @Override
        void transform(StepVector vector) {}
    }

    /** Arithmetic or comparison with a scalar; a comparison keeps the vector's value whichever side it is on. */
    static final class WithScalar extends MappedOperator {
        private final BinaryOperator operator;
        private final ScalarOperator scalar;
        private final boolean scalarOnLeft;
        private final boolean returnBool;
        private double number;

        WithScalar(
                BinaryOperator operator,
                VectorOperator vector,
                ScalarOperator scalar,
                boolean scalarOnLeft,
                boolean returnBool,
                boolean delayed) {
            super(
                    vector,
                    operator.isComparison() && !returnBool
                            ? LabelMapping.keeping(vector)
                            : LabelMapping.droppingName(vector, delayed));
            this.operator = operator;
            this.scalar = scalar;
            this.scalarOnLeft = scalarOnLeft;
            this.returnBool = returnBool;
        }

        @Override
        void prepare(int step) {
            number = scalar.value(step);
        }

        @Override
        void transform(StepVector vector) {
            double[] values = vector.values();
            boolean comparison = operator.isComparison();
            for (int i = 0; i < vector.size(); i++) {
                double value = values[i];
                if (StaleMarker.is(value)) {
                    continue;
                }
                double left = scalarOnLeft ? number : value;
                double right = scalarOnLeft ? value : number;
                if (!comparison) {
                    values[i] = BinaryArithmetic.apply(operator, left, right);
                } else {
                    boolean holds = BinaryArithmetic.compare(operator, left, right);
                    values[i] = returnBool ? (holds ? 1 : 0) : holds ? value : StaleMarker.VALUE;
                }
            }
        }

        @Override
        public void close() {
            super.close();
            scalar.close();
        }
    }
}
