package io.weir.promql.function;

import io.weir.promql.ast.BinaryOperator;

/** The arithmetic and comparison operators on two numbers, as Go computes them (Prometheus 3.14, promql/engine.go scalarBinop). */
public final class BinaryArithmetic {
    private BinaryArithmetic() {}

    /**
     * The value of an arithmetic operator.
     *
     * @throws IllegalArgumentException for comparisons, set operators and the operators of native histograms
     */
    public static double apply(BinaryOperator operator, double left, double right) {
        return switch (operator) {
            case ADD -> left + right;
            case SUB -> left - right;
            case MUL -> left * right;
            case DIV -> left / right;
            case MOD -> left % right;
            case POW -> power(left, right);
            case ATAN2 -> StrictMath.atan2(left, right);
            case EQL, NEQ, GTR, LSS, GTE, LTE, TRIM_UPPER, TRIM_LOWER, AND, OR, UNLESS ->
                throw new IllegalArgumentException("not an arithmetic operator: " + operator);
        };
    }

    /**
     * Whether a comparison holds.
     *
     * @throws IllegalArgumentException for any other operator
     */
    public static boolean compare(BinaryOperator operator, double left, double right) {
        return switch (operator) {
            case EQL -> left == right;
            case NEQ -> left != right;
            case GTR -> left > right;
            case LSS -> left < right;
            case GTE -> left >= right;
            case LTE -> left <= right;
            case ADD, SUB, MUL, DIV, MOD, POW, ATAN2, TRIM_UPPER, TRIM_LOWER, AND, OR, UNLESS ->
                throw new IllegalArgumentException("not a comparison: " + operator);
        };
    }

    /** Go's math.Pow: unlike Java's, 1 to any power is 1, and so is -1 to an infinite power. */
    public static double power(double base, double exponent) {
        if (base == 1 || (base == -1 && Double.isInfinite(exponent))) {
            return 1;
        }
        return StrictMath.pow(base, exponent);
    }
}
