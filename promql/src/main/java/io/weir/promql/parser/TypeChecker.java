package io.weir.promql.parser;

import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.ast.ValueType;
import io.weir.promql.ast.VectorMatching;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import java.util.List;

/** Checks the static types of an expression, in the order and with the messages of Prometheus 3.14 (promql/parser/parse.go). */
final class TypeChecker {
    private final String text;

    private TypeChecker(String text) {
        this.text = text;
    }

    /**
     * Checks a tree whose binary operators all carry a matching; the result has one only where both sides are vectors.
     *
     * @throws QueryException.Parse for the first error
     */
    static Expr check(Expr root, String text) {
        new TypeChecker(text).visit(root);
        return Nodes.rewrite(root, TypeChecker::settleMatching);
    }

    private static Expr settleMatching(Expr node) {
        if (!(node instanceof Expr.Binary binary) || binary.matching() == null) {
            return node;
        }
        VectorMatching matching = null;
        if (binary.left().type() == ValueType.VECTOR && binary.right().type() == ValueType.VECTOR) {
            matching = binary.matching();
            if (binary.operator().isSetOperator()) {
                matching = new VectorMatching(
                        VectorMatching.Cardinality.MANY_TO_MANY,
                        matching.on(),
                        matching.labels(),
                        matching.include(),
                        null,
                        null);
            }
        }
        return new Expr.Binary(
                binary.operator(), binary.left(), binary.right(), binary.returnBool(), matching, binary.position());
    }

    private ValueType visit(Expr node) {
        return switch (node) {
            case Expr.NumberLiteral _, Expr.StringLiteral _ -> node.type();
            case Expr.VectorSelector selector -> visitSelector(selector);
            case Expr.MatrixSelector matrix -> {
                visit(matrix.selector());
                yield ValueType.MATRIX;
            }
            case Expr.Subquery subquery -> visitSubquery(subquery);
            case Expr.Call call -> visitCall(call);
            case Expr.Aggregate aggregate -> visitAggregate(aggregate);
            case Expr.Binary binary -> visitBinary(binary);
            case Expr.Unary unary -> visitUnary(unary);
            case Expr.Parenthesized parenthesized -> visit(parenthesized.expression());
        };
    }

    private ValueType visitSelector(Expr.VectorSelector selector) {
        if (selector.name().isEmpty() && selector.matchers().stream().allMatch(LabelMatcher::matchesEmpty)) {
            throw error(selector.position(), "vector selector must contain at least one non-empty matcher");
        }
        return ValueType.VECTOR;
    }

    private ValueType visitSubquery(Expr.Subquery subquery) {
        ValueType type = visit(subquery.expression());
        if (type != ValueType.VECTOR) {
            throw error(
                    subquery.position(), "subquery is only allowed on instant vector, got " + type.text() + " instead");
        }
        return ValueType.MATRIX;
    }

    private ValueType visitUnary(Expr.Unary unary) {
        ValueType type = visit(unary.expression());
        if (!isScalarOrVector(type)) {
            throw error(
                    unary.position(),
                    "unary expression only allowed on expressions of type scalar or instant vector, got "
                            + GoText.quote(type.documentedText()));
        }
        return type;
    }

    private ValueType visitAggregate(Expr.Aggregate aggregate) {
        expect(aggregate.expression(), ValueType.VECTOR, "aggregation expression");
        if (aggregate.parameter() != null) {
            expect(
                    aggregate.parameter(),
                    aggregate.operator() == AggregateOperator.COUNT_VALUES ? ValueType.STRING : ValueType.SCALAR,
                    "aggregation parameter");
        }
        return ValueType.VECTOR;
    }

    private void expect(Expr node, ValueType wanted, String context) {
        ValueType type = visit(node);
        if (type != wanted) {
            throw error(
                    node.position(),
                    "expected type " + wanted.documentedText() + " in " + context + ", got " + type.documentedText());
        }
    }

    private ValueType visitBinary(Expr.Binary binary) {
        ValueType left = visit(binary.left());
        ValueType right = visit(binary.right());
        VectorMatching matching = binary.matching() == null ? VectorMatching.DEFAULT : binary.matching();
        boolean comparison = binary.operator().isComparison();
        if (binary.returnBool() && !comparison) {
            throw error(operatorPosition(binary), "bool modifier can only be used on comparison operators");
        }
        if (comparison && !binary.returnBool() && left == ValueType.SCALAR && right == ValueType.SCALAR) {
            throw error(operatorPosition(binary), "comparisons between scalars must use BOOL modifier");
        }
        for (String label : matching.labels()) {
            if (matching.on() && matching.include().contains(label)) {
                throw error(
                        operatorPosition(binary),
                        "label " + GoText.quote(label) + " must not occur in ON and GROUP clause at once");
            }
        }
        for (Expr side : List.of(binary.left(), binary.right())) {
            if (!isScalarOrVector(side == binary.left() ? left : right)) {
                throw error(side.position(), "binary expression must contain only scalar and instant vector types");
            }
        }
        if (left == ValueType.VECTOR && right == ValueType.VECTOR) {
            checkSetOperator(binary, matching);
        } else {
            checkNoMatching(binary, matching);
        }
        return left == ValueType.SCALAR && right == ValueType.SCALAR ? ValueType.SCALAR : ValueType.VECTOR;
    }

    private void checkSetOperator(Expr.Binary binary, VectorMatching matching) {
        if (!binary.operator().isSetOperator()) {
            return;
        }
        switch (matching.cardinality()) {
            case MANY_TO_ONE, ONE_TO_MANY ->
                throw error(
                        binary.position(),
                        "no grouping allowed for "
                                + GoText.quote(binary.operator().symbol()) + " operation");
            case ONE_TO_ONE, MANY_TO_MANY -> {
                if (matching.fillLeft() != null || matching.fillRight() != null) {
                    throw error(binary.position(), "filling in missing series not allowed for set operators");
                }
            }
        }
    }

    private void checkNoMatching(Expr.Binary binary, VectorMatching matching) {
        if (!matching.labels().isEmpty()) {
            throw error(binary.position(), "vector matching only allowed between instant vectors");
        }
        if (matching.fillLeft() != null || matching.fillRight() != null) {
            throw error(binary.position(), "filling in missing series only allowed between instant vectors");
        }
        if (binary.operator().isSetOperator()) {
            throw error(
                    binary.position(),
                    "set operator " + GoText.quote(binary.operator().symbol())
                            + " not allowed in binary scalar expression");
        }
    }

    private ValueType visitCall(Expr.Call call) {
        Function function = call.function();
        List<ValueType> types = function.argumentTypes();
        checkArgumentCount(call);
        for (int i = 0; i < call.arguments().size(); i++) {
            Expr argument = call.arguments().get(i);
            ValueType wanted = types.get(Math.min(i, types.size() - 1));
            if (function == Function.INFO && i == 1) {
                checkInfoSelector(call, argument);
                continue;
            }
            expect(argument, wanted, "call to function " + GoText.quote(function.text()));
        }
        return function.returnType();
    }

    private void checkArgumentCount(Expr.Call call) {
        Function function = call.function();
        int declared = function.argumentTypes().size();
        int given = call.arguments().size();
        String rest = " argument(s) in call to " + GoText.quote(function.text()) + ", got " + given;
        if (function.variadic() == 0) {
            if (given != declared) {
                throw error(call.position(), "expected " + declared + rest);
            }
            return;
        }
        int least = declared - 1;
        if (given < least) {
            throw error(call.position(), "expected at least " + least + rest);
        }
        int most = least + function.variadic();
        if (function.variadic() > 0 && given > most) {
            throw error(call.position(), "expected at most " + most + rest);
        }
    }

    /* The second argument of info() only lends its matchers, so it may match everything and must have no name. */
    private void checkInfoSelector(Expr.Call call, Expr argument) {
        if (argument.type() != ValueType.VECTOR) {
            throw error(
                    call.position(),
                    "expected type " + ValueType.VECTOR.documentedText() + " in call to function \"info\", got "
                            + argument.type().documentedText());
        }
        if (!(argument instanceof Expr.VectorSelector selector)) {
            throw error(argument.position(), "expected label selectors only");
        }
        if (!selector.name().isEmpty()) {
            throw error(argument.position(), "expected label selectors only, got vector selector instead");
        }
    }

    private static boolean isScalarOrVector(ValueType type) {
        return type == ValueType.SCALAR || type == ValueType.VECTOR;
    }

    /** The place of a binary operator: after its left side, blanks skipped. */
    private PositionRange operatorPosition(Expr.Binary binary) {
        int start = binary.left().position().end();
        while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
            start++;
        }
        return new PositionRange(start, binary.right().position().start());
    }

    private QueryException.Parse error(PositionRange position, String message) {
        return new QueryException.Parse(position.startPosition(text) + ": parse error: " + message, position);
    }
}
