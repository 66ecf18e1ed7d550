package io.weir.promql.parser;

import io.weir.promql.ast.At;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses what follows an expression: ranges and subqueries, offset, {@code @}, anchored and smoothed. */
final class PostfixParser {
    private static final String OFFSET_NEEDS_SELECTOR =
            "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery";
    private static final String AT_NEEDS_SELECTOR =
            "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";

    private final TokenStream tokens;
    private final Set<Feature> features;
    private final DurationParser durations;

    PostfixParser(TokenStream tokens, Set<Feature> features, DurationParser durations) {
        this.tokens = tokens;
        this.features = features;
        this.durations = durations;
    }

    /** The expression with one modifier more, or null if none follows. */
    @Nullable
    Expr parseOne(Expr expression) {
        return switch (tokens.kind()) {
            case LEFT_BRACKET -> parseBrackets(expression);
            case OFFSET -> {
                tokens.next();
                yield withOffset(expression, durations.parseOffset());
            }
            case AT -> {
                tokens.next();
                yield withAt(expression, parseAt(expression));
            }
            case ANCHORED -> {
                tokens.next();
                yield withExtension(expression, true);
            }
            case SMOOTHED -> {
                tokens.next();
                yield withExtension(expression, false);
            }
            default -> null;
        };
    }

    private Expr parseBrackets(Expr expression) {
        Token open = tokens.next();
        Duration range = durations.parsePositive("subquery or range selector");
        if (tokens.kind() == TokenKind.RIGHT_BRACKET) {
            Token close = tokens.next();
            return matrix(expression, range, new PositionRange(open.start(), close.end()));
        }
        tokens.expect(TokenKind.COLON, "subquery or range", "\":\" or \"]\"");
        Duration step = null;
        if (tokens.kind() != TokenKind.RIGHT_BRACKET) {
            if (!durations.startsHere()) {
                throw tokens.unexpected("subquery selector", "number, duration, step(), range(), or \"]\"");
            }
            step = durations.parsePositive("subquery selector");
        }
        tokens.expect(TokenKind.RIGHT_BRACKET, "subquery selector", "\"]\"");
        return new Expr.Subquery(expression, range, step, null, null, extended(expression));
    }

    private Expr matrix(Expr expression, Duration range, PositionRange brackets) {
        if (!(expression instanceof Expr.VectorSelector selector)) {
            throw tokens.error(brackets, "ranges only allowed for vector selectors");
        }
        if (selector.offset() != null) {
            throw tokens.error(brackets, "no offset modifiers allowed before range");
        }
        if (selector.at() != null) {
            throw tokens.error(brackets, "no @ modifiers allowed before range");
        }
        return new Expr.MatrixSelector(selector, range, extended(expression));
    }

    private Expr withOffset(Expr expression, Duration given) {
        Duration offset = given instanceof Duration.Literal(long millis) && millis == 0 ? null : given;
        return switch (expression) {
            case Expr.VectorSelector selector ->
                copy(selector, onlyOnce(selector.offset(), offset, expression), selector.at(), extended(expression));
            case Expr.MatrixSelector matrix -> {
                Expr.VectorSelector inner = matrix.selector();
                Duration once = onlyOnce(inner.offset(), offset, expression);
                yield new Expr.MatrixSelector(
                        copy(inner, once, inner.at(), inner.position()), matrix.range(), extended(expression));
            }
            case Expr.Subquery subquery ->
                new Expr.Subquery(
                        subquery.expression(),
                        subquery.range(),
                        subquery.step(),
                        onlyOnce(subquery.offset(), offset, expression),
                        subquery.at(),
                        extended(expression));
            case Expr.NumberLiteral _,
                    Expr.StringLiteral _,
                    Expr.Call _,
                    Expr.Aggregate _,
                    Expr.Binary _,
                    Expr.Unary _,
                    Expr.Parenthesized _ -> throw tokens.error(expression.position(), OFFSET_NEEDS_SELECTOR);
        };
    }

    private @Nullable Duration onlyOnce(@Nullable Duration present, @Nullable Duration added, Expr expression) {
        if (present != null) {
            throw tokens.error(expression.position(), "offset may not be set multiple times");
        }
        return added;
    }

    private At parseAt(Expr expression) {
        Token token = tokens.peek();
        switch (token.kind()) {
            case START, END -> {
                tokens.next();
                tokens.expect(TokenKind.LEFT_PAREN, "@", "timestamp");
                tokens.expect(TokenKind.RIGHT_PAREN, "@", "timestamp");
                return token.kind() == TokenKind.START ? new At.Start() : new At.End();
            }
            default -> {
                return new At.Timestamp(parseTimestamp(expression));
            }
        }
    }

    private long parseTimestamp(Expr expression) {
        boolean negative = tokens.kind() == TokenKind.SUB;
        if (negative || tokens.kind() == TokenKind.ADD) {
            tokens.next();
        }
        if (tokens.kind() != TokenKind.NUMBER && tokens.kind() != TokenKind.DURATION) {
            throw tokens.unexpected("@", "timestamp");
        }
        double seconds = tokens.seconds(tokens.next());
        double millis = Math.rint(seconds * 1000);
        if (Double.isNaN(millis) || Math.abs(millis) >= Long.MAX_VALUE) {
            throw tokens.error(
                    expression.position(),
                    "timestamp out of bounds for @ modifier: " + GoText.fixed(negative ? -seconds : seconds));
        }
        return Math.round(negative ? -seconds * 1000 : seconds * 1000);
    }

    private Expr withAt(Expr expression, At at) {
        return switch (expression) {
            case Expr.VectorSelector selector ->
                copy(selector, selector.offset(), onlyOnce(selector.at(), at, expression), extended(expression));
            case Expr.MatrixSelector matrix -> {
                Expr.VectorSelector inner = matrix.selector();
                At once = onlyOnce(inner.at(), at, expression);
                yield new Expr.MatrixSelector(
                        copy(inner, inner.offset(), once, inner.position()), matrix.range(), extended(expression));
            }
            case Expr.Subquery subquery ->
                new Expr.Subquery(
                        subquery.expression(),
                        subquery.range(),
                        subquery.step(),
                        subquery.offset(),
                        onlyOnce(subquery.at(), at, expression),
                        extended(expression));
            case Expr.NumberLiteral _,
                    Expr.StringLiteral _,
                    Expr.Call _,
                    Expr.Aggregate _,
                    Expr.Binary _,
                    Expr.Unary _,
                    Expr.Parenthesized _ -> throw tokens.error(expression.position(), AT_NEEDS_SELECTOR);
        };
    }

    private At onlyOnce(@Nullable At present, At added, Expr expression) {
        if (present != null) {
            throw tokens.error(expression.position(), "@ <timestamp> may not be set multiple times");
        }
        return added;
    }

    private Expr withExtension(Expr expression, boolean anchored) throws QueryException.Parse {
        String name = anchored ? "anchored" : "smoothed";
        if (!features.contains(Feature.PROMQL_EXTENDED_RANGE_SELECTORS)) {
            throw tokens.error(expression.position(), name + " modifier is experimental and not enabled");
        }
        return switch (expression) {
            case Expr.VectorSelector selector -> extended(selector, anchored, expression);
            case Expr.MatrixSelector matrix ->
                new Expr.MatrixSelector(
                        extended(matrix.selector(), anchored, expression), matrix.range(), matrix.position());
            case Expr.Subquery _ ->
                throw tokens.error(expression.position(), name + " modifier is not supported for subqueries");
            case Expr.NumberLiteral _,
                    Expr.StringLiteral _,
                    Expr.Call _,
                    Expr.Aggregate _,
                    Expr.Binary _,
                    Expr.Unary _,
                    Expr.Parenthesized _ ->
                throw tokens.error(expression.position(), name + " modifier not implemented");
        };
    }

    private Expr.VectorSelector extended(Expr.VectorSelector selector, boolean anchored, Expr expression) {
        if (anchored ? selector.smoothed() : selector.anchored()) {
            throw tokens.error(expression.position(), "anchored and smoothed modifiers cannot be used together");
        }
        return new Expr.VectorSelector(
                selector.name(),
                selector.matchers(),
                selector.offset(),
                selector.at(),
                anchored,
                !anchored,
                selector.position());
    }

    private PositionRange extended(Expr expression) {
        return new PositionRange(expression.position().start(), tokens.previousEnd());
    }

    private static Expr.VectorSelector copy(
            Expr.VectorSelector selector, @Nullable Duration offset, @Nullable At at, PositionRange position) {
        return new Expr.VectorSelector(
                selector.name(), selector.matchers(), offset, at, selector.anchored(), selector.smoothed(), position);
    }
}
