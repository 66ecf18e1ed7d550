package io.weir.promql.leaf;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.BinaryArithmetic;
import io.weir.promql.function.GoMath;
import io.weir.promql.series.StepGrid;
import java.util.Arrays;

/** Scalar expressions that depend on no series, as one value per step. */
final class ScalarColumns {
    private final StepGrid queryGrid;

    ScalarColumns(StepGrid queryGrid) {
        this.queryGrid = queryGrid;
    }

    double[] of(Expr expression, StepGrid grid) {
        return switch (expression) {
            case Expr.NumberLiteral literal -> constant(literal.value(), grid);
            case Expr.Parenthesized parenthesized -> of(parenthesized.expression(), grid);
            case Expr.Unary unary -> {
                double[] column = of(unary.expression(), grid);
                if (unary.negative()) {
                    Arrays.setAll(column, i -> -column[i]);
                }
                yield column;
            }
            case Expr.Binary binary -> binary(binary, grid);
            case Expr.Call call -> call(call, grid);
            case Expr.StringLiteral e -> throw unsupported(e);
            case Expr.VectorSelector e -> throw unsupported(e);
            case Expr.MatrixSelector e -> throw unsupported(e);
            case Expr.Subquery e -> throw unsupported(e);
            case Expr.Aggregate e -> throw unsupported(e);
        };
    }

    private double[] binary(Expr.Binary binary, StepGrid grid) {
        double[] left = of(binary.left(), grid);
        double[] right = of(binary.right(), grid);
        if (binary.operator().isComparison()) {
            Arrays.setAll(left, i -> BinaryArithmetic.compare(binary.operator(), left[i], right[i]) ? 1 : 0);
        } else {
            Arrays.setAll(left, i -> BinaryArithmetic.apply(binary.operator(), left[i], right[i]));
        }
        return left;
    }

    private double[] call(Expr.Call call, StepGrid grid) {
        return switch (call.function()) {
            case PI -> constant(Math.PI, grid);
            case TIME -> {
                double[] column = new double[grid.count()];
                Arrays.setAll(column, i -> grid.at(i) / 1000.0);
                yield column;
            }
            case START -> constant(queryGrid.startMillis() / 1000.0, grid);
            case END -> constant(queryGrid.endMillis() / 1000.0, grid);
            case STEP -> constant(queryGrid.stepMillis() / 1000.0, grid);
            case RANGE -> constant((queryGrid.endMillis() - queryGrid.startMillis()) / 1000.0, grid);
            case MIN_OF, MAX_OF -> {
                double[] left = of(call.arguments().get(0), grid);
                double[] right = of(call.arguments().get(1), grid);
                boolean minimum = call.function() == Function.MIN_OF;
                Arrays.setAll(left, i -> minimum ? GoMath.min(left[i], right[i]) : GoMath.max(left[i], right[i]));
                yield left;
            }
            default -> throw unsupported(call);
        };
    }

    private static double[] constant(double value, StepGrid grid) {
        double[] column = new double[grid.count()];
        Arrays.fill(column, value);
        return column;
    }

    private static QueryException.Unsupported unsupported(Expr expression) {
        String name = expression instanceof Expr.Call call
                ? call.function().text() + "()"
                : expression.getClass().getSimpleName();
        return new QueryException.Unsupported("not supported as a scalar inside a leaf: " + name);
    }
}
