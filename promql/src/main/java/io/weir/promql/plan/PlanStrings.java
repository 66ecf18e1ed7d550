package io.weir.promql.plan;

import io.weir.promql.ast.Expr;
import java.util.ArrayList;
import java.util.List;

/** Reads string arguments; the parser has checked that they are strings. */
final class PlanStrings {
    private PlanStrings() {}

    static String of(Expr expression) {
        if (LeafRules.unwrap(expression) instanceof Expr.StringLiteral literal) {
            return literal.value();
        }
        throw new IllegalArgumentException("not a string: " + expression);
    }

    static String at(Expr.Call call, int index) {
        return of(call.arguments().get(index));
    }

    static List<String> from(Expr.Call call, int first) {
        List<String> strings = new ArrayList<>();
        for (int i = first; i < call.arguments().size(); i++) {
            strings.add(at(call, i));
        }
        return strings;
    }
}
