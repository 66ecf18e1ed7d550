package io.weir.promql.parser;

import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.ast.VectorMatching;
import io.weir.promql.error.QueryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Recursive descent over the grammar of expressions (Prometheus 3.14, promql/parser/generated_parser.y); binary operators by
 * precedence climbing.
 */
final class ExpressionParser {
    private static final int UNARY_PRECEDENCE = 5;

    private final TokenStream tokens;
    private final Set<Feature> features;
    private final ParserLimits limits;
    private final SelectorParser selectors;
    private final PostfixParser postfix;
    private int nestingDepth;
    /* Depth of the tree that was returned last. */
    private int treeDepth;

    ExpressionParser(TokenStream tokens, Set<Feature> features, ParserLimits limits) {
        this.tokens = tokens;
        this.features = features;
        this.limits = limits;
        this.selectors = new SelectorParser(tokens);
        this.postfix = new PostfixParser(tokens, features, new DurationParser(tokens, features, limits));
    }

    /** The whole text as one expression; types are not checked yet. */
    Expr parseAll() {
        if (tokens.kind() == TokenKind.END_OF_INPUT) {
            throw tokens.error(PositionRange.NONE, "no expression found in input");
        }
        Expr expression = parseBinary(1);
        if (tokens.kind() != TokenKind.END_OF_INPUT) {
            throw tokens.unexpected("", "");
        }
        tokens.throwDeferred();
        return expression;
    }

    private Expr parseBinary(int minimumPrecedence) {
        Expr left = parseUnary();
        int leftDepth = treeDepth;
        while (true) {
            TokenKind kind = tokens.kind();
            BinaryOperator operator = kind.operator();
            if (operator == null || kind.precedence() < minimumPrecedence) {
                treeDepth = leftDepth;
                return left;
            }
            Token token = tokens.next();
            BinaryModifiers modifiers = parseBinaryModifiers();
            /* Only ^ associates to the right and so recurses without bound. */
            enter(token);
            Expr right = parseBinary(kind == TokenKind.POW ? kind.precedence() : kind.precedence() + 1);
            nestingDepth--;
            left = binary(left, operator, modifiers, right);
            leftDepth = deepen(Math.max(leftDepth, treeDepth), token);
        }
    }

    private Expr.Binary binary(Expr left, BinaryOperator operator, BinaryModifiers modifiers, Expr right) {
        PositionRange position =
                new PositionRange(left.position().start(), right.position().end());
        VectorMatching matching = modifiers.matching;
        if ((matching.fillLeft() != null || matching.fillRight() != null)
                && !features.contains(Feature.PROMQL_BINOP_FILL_MODIFIERS)) {
            throw tokens.error(position, "binop fill modifiers are experimental and not enabled");
        }
        return new Expr.Binary(operator, left, right, modifiers.returnBool, matching, position);
    }

    private record BinaryModifiers(boolean returnBool, VectorMatching matching) {}

    private BinaryModifiers parseBinaryModifiers() {
        boolean returnBool = tokens.accept(TokenKind.BOOL);
        boolean on = tokens.kind() == TokenKind.ON;
        VectorMatching.Cardinality cardinality = VectorMatching.Cardinality.ONE_TO_ONE;
        List<String> labels = List.of();
        List<String> include = List.of();
        if (on || tokens.kind() == TokenKind.IGNORING) {
            tokens.next();
            labels = parseGroupingLabels();
            TokenKind group = tokens.kind();
            if (group == TokenKind.GROUP_LEFT || group == TokenKind.GROUP_RIGHT) {
                tokens.next();
                cardinality = group == TokenKind.GROUP_LEFT
                        ? VectorMatching.Cardinality.MANY_TO_ONE
                        : VectorMatching.Cardinality.ONE_TO_MANY;
                include = mayFollowGroup(tokens.kind()) ? List.of() : parseGroupingLabels();
            }
        }
        Double fillLeft = null;
        Double fillRight = null;
        if (tokens.secondKind() == TokenKind.LEFT_PAREN) {
            if (tokens.accept(TokenKind.FILL)) {
                fillLeft = parseFillValue();
                fillRight = fillLeft;
            } else if (tokens.accept(TokenKind.FILL_LEFT)) {
                fillLeft = parseFillValue();
                fillRight = parseOtherFill(TokenKind.FILL_RIGHT);
            } else if (tokens.accept(TokenKind.FILL_RIGHT)) {
                fillRight = parseFillValue();
                fillLeft = parseOtherFill(TokenKind.FILL_LEFT);
            }
        }
        return new BinaryModifiers(
                returnBool, new VectorMatching(cardinality, on, labels, include, fillLeft, fillRight));
    }

    private @Nullable Double parseOtherFill(TokenKind kind) {
        return tokens.secondKind() == TokenKind.LEFT_PAREN && tokens.accept(kind) ? parseFillValue() : null;
    }

    private double parseFillValue() {
        tokens.expect(TokenKind.LEFT_PAREN, "fill modifier", "\"(\"");
        double sign = tokens.accept(TokenKind.SUB) ? -1 : 1;
        if (sign > 0) {
            tokens.accept(TokenKind.ADD);
        }
        if (tokens.kind() != TokenKind.NUMBER && tokens.kind() != TokenKind.DURATION) {
            throw tokens.unexpected("fill modifier", "number");
        }
        double value = sign * tokens.seconds(tokens.next());
        tokens.expect(TokenKind.RIGHT_PAREN, "fill modifier", "\")\"");
        return value;
    }

    private List<String> parseGroupingLabels() {
        tokens.expect(TokenKind.LEFT_PAREN, "grouping opts", "\"(\"");
        List<String> labels = new ArrayList<>();
        while (!tokens.accept(TokenKind.RIGHT_PAREN)) {
            if (!labels.isEmpty()) {
                tokens.expect(TokenKind.COMMA, "grouping opts", "\",\" or \")\"");
                if (tokens.accept(TokenKind.RIGHT_PAREN)) {
                    break;
                }
            }
            Token token = tokens.peek();
            if (token.kind() == TokenKind.STRING) {
                String label = tokens.unquote(token);
                if (label.isEmpty() || !GoText.isValidUtf8(label)) {
                    throw tokens.unexpected("grouping opts", "label");
                }
                labels.add(label);
            } else if (token.kind().isLabelName()) {
                labels.add(token.text());
            } else {
                throw tokens.unexpected("grouping opts", "label");
            }
            tokens.next();
        }
        return labels;
    }

    private Expr parseUnary() {
        Token sign = tokens.peek();
        if (sign.kind() != TokenKind.ADD && sign.kind() != TokenKind.SUB) {
            return parsePostfix();
        }
        tokens.next();
        enter(sign);
        Expr operand = parseBinary(UNARY_PRECEDENCE + 1);
        nestingDepth--;
        boolean negative = sign.kind() == TokenKind.SUB;
        PositionRange position =
                new PositionRange(sign.start(), operand.position().end());
        if (operand instanceof Expr.NumberLiteral number) {
            return new Expr.NumberLiteral(negative ? -number.value() : number.value(), number.isDuration(), position);
        }
        treeDepth = deepen(treeDepth, sign);
        return new Expr.Unary(negative, operand, position);
    }

    private Expr parsePostfix() {
        Expr expression = parsePrimary();
        while (true) {
            Token token = tokens.peek();
            Expr longer = postfix.parseOne(expression);
            if (longer == null) {
                return expression;
            }
            if (longer instanceof Expr.Subquery || longer instanceof Expr.MatrixSelector) {
                treeDepth = deepen(treeDepth, token);
            }
            expression = longer;
        }
    }

    private Expr parsePrimary() {
        Token token = tokens.peek();
        treeDepth = 1;
        switch (token.kind()) {
            case NUMBER, DURATION -> {
                tokens.next();
                return new Expr.NumberLiteral(
                        tokens.seconds(token), token.kind() == TokenKind.DURATION, token.position());
            }
            case STRING -> {
                tokens.next();
                return new Expr.StringLiteral(tokens.unquote(token), token.position());
            }
            case LEFT_PAREN -> {
                return parseParenthesized();
            }
            case LEFT_BRACE -> {
                return selectors.parseSelector();
            }
            default -> {
                return parseNamed(token);
            }
        }
    }

    private Expr parseNamed(Token token) {
        TokenKind second = tokens.secondKind();
        boolean call = second == TokenKind.LEFT_PAREN;
        if (token.kind().isAggregator() && (call || second == TokenKind.BY || second == TokenKind.WITHOUT)) {
            return parseAggregate();
        }
        if (call && (token.kind() == TokenKind.IDENTIFIER || token.kind().group() == TokenKind.Group.PREPROCESSOR)) {
            return parseCall();
        }
        if (token.kind().isMetricName()) {
            return selectors.parseSelector();
        }
        throw tokens.unexpected("", "");
    }

    private Expr parseParenthesized() {
        Token open = tokens.next();
        enter(open);
        Expr inner = parseBinary(1);
        Token close = tokens.expect(TokenKind.RIGHT_PAREN, "", "");
        nestingDepth--;
        treeDepth = deepen(treeDepth, open);
        return new Expr.Parenthesized(inner, new PositionRange(open.start(), close.end()));
    }

    private Expr parseCall() {
        Token name = tokens.next();
        List<Expr> arguments = parseArguments();
        PositionRange position = new PositionRange(name.start(), tokens.previousEnd());
        boolean keyword = name.kind() != TokenKind.IDENTIFIER;
        Optional<Function> function = Function.byName(keyword ? name.text().toLowerCase(Locale.ROOT) : name.text());
        if (function.isEmpty()) {
            throw tokens.error(name.position(), "unknown function with name " + GoText.quote(name.text()));
        }
        if (function.get().isExperimental() && !features.contains(Feature.PROMQL_EXPERIMENTAL_FUNCTIONS)) {
            throw tokens.error(
                    name.position(), "function " + GoText.quote(function.get().text()) + " is not enabled");
        }
        return new Expr.Call(function.get(), arguments, position);
    }

    private Expr parseAggregate() {
        Token name = tokens.next();
        boolean modified = tokens.kind() != TokenKind.LEFT_PAREN;
        boolean without = false;
        List<String> grouping = List.of();
        if (modified) {
            without = tokens.next().kind() == TokenKind.WITHOUT;
            grouping = parseGroupingLabels();
        }
        if (tokens.kind() != TokenKind.LEFT_PAREN) {
            throw tokens.unexpected("aggregation", "");
        }
        tokens.beginAggregation();
        List<Expr> arguments = parseArguments();
        tokens.endAggregation();
        if (!modified && (tokens.kind() == TokenKind.BY || tokens.kind() == TokenKind.WITHOUT)) {
            without = tokens.next().kind() == TokenKind.WITHOUT;
            grouping = parseGroupingLabels();
        }
        if (!modified && tokens.kind() == TokenKind.ERROR) {
            /* Prometheus has read the next token, in search of by or without, when it looks at the arguments. */
            throw tokens.unexpected("", "");
        }
        AggregateOperator operator = AggregateOperator.valueOf(name.kind().name());
        PositionRange position = new PositionRange(name.start(), tokens.previousEnd());
        checkAggregateArguments(operator, arguments, position);
        return new Expr.Aggregate(
                operator,
                operator.hasParameter() ? arguments.getFirst() : null,
                arguments.getLast(),
                without,
                grouping,
                position);
    }

    private void checkAggregateArguments(AggregateOperator operator, List<Expr> arguments, PositionRange position) {
        if (arguments.isEmpty()) {
            throw tokens.error(position, "no arguments for aggregate expression provided");
        }
        if (operator.isExperimental() && !features.contains(Feature.PROMQL_EXPERIMENTAL_FUNCTIONS)) {
            throw tokens.error(
                    position,
                    operator.text() + "() is experimental and must be enabled with --enable-feature="
                            + Feature.PROMQL_EXPERIMENTAL_FUNCTIONS.text());
        }
        int expected = operator.hasParameter() ? 2 : 1;
        if (arguments.size() != expected) {
            throw tokens.error(
                    position,
                    "wrong number of arguments for aggregate expression provided, expected " + expected + ", got "
                            + arguments.size());
        }
    }

    private List<Expr> parseArguments() {
        Token open = tokens.next();
        enter(open);
        List<Expr> arguments = new ArrayList<>();
        int deepest = 0;
        while (!tokens.accept(TokenKind.RIGHT_PAREN)) {
            if (!arguments.isEmpty()) {
                Token comma = tokens.expect(TokenKind.COMMA, "", "");
                if (!startsExpression(tokens.kind()) && tokens.kind() != TokenKind.ERROR) {
                    throw tokens.error(comma.position(), "trailing commas not allowed in function call args");
                }
            }
            arguments.add(parseBinary(1));
            deepest = Math.max(deepest, treeDepth);
        }
        nestingDepth--;
        treeDepth = deepen(deepest, open);
        return arguments;
    }

    /* Whether the labels of group_left and group_right are left out before this token. */
    private static boolean mayFollowGroup(TokenKind kind) {
        return kind != TokenKind.LEFT_PAREN && kind != TokenKind.ERROR && startsExpression(kind);
    }

    private static boolean startsExpression(TokenKind kind) {
        return switch (kind) {
            case NUMBER, DURATION, STRING, LEFT_PAREN, LEFT_BRACE, ADD, SUB -> true;
            default -> kind.isMetricName() || kind.isAggregator() || kind.group() == TokenKind.Group.PREPROCESSOR;
        };
    }

    private void enter(Token token) throws QueryException.Parse {
        nestingDepth++;
        if (nestingDepth > limits.nestingDepthMax()) {
            throw tokens.error(
                    token.position(),
                    "expression is nested deeper than the limit of " + limits.nestingDepthMax()
                            + "; simplify it or split it into several queries");
        }
    }

    private int deepen(int depth, Token token) {
        if (depth >= limits.treeDepthMax()) {
            throw tokens.error(
                    token.position(),
                    "expression has more than " + limits.treeDepthMax()
                            + " operations one after the other; split it into several queries");
        }
        return depth + 1;
    }
}
