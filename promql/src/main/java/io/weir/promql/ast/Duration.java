package io.weir.promql.ast;

/** A duration in a selector: a literal, or an expression over literals, step() and range() (an experimental feature). */
public sealed interface Duration {
    /** A known duration in milliseconds; offsets may be negative. */
    record Literal(long millis) implements Duration {}

    /** A plain number of seconds inside an expression, as the 2 of {@code 5m * 2}; need not be whole milliseconds. */
    record Number(double seconds) implements Duration {}

    /** step(): the query's resolution. */
    record Step() implements Duration {}

    /** range(): the length of the query's time range. */
    record Range() implements Duration {}

    record Unary(boolean negative, Duration operand) implements Duration {}

    /** {@code + - * / % ^}. */
    record Binary(BinaryOperator operator, Duration left, Duration right) implements Duration {}

    /** min_of(a, b) or max_of(a, b). */
    record Extreme(boolean minimum, Duration left, Duration right) implements Duration {}

    record Parenthesized(Duration inner) implements Duration {}

    /** Milliseconds of a duration that is known; expressions are made known by the planner before evaluation. */
    default long millis() {
        if (this instanceof Literal literal) {
            return literal.millis();
        }
        throw new IllegalStateException("duration expression not resolved: " + this);
    }
}
