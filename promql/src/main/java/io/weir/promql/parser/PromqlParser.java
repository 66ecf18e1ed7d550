package io.weir.promql.parser;

import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.util.List;
import java.util.Set;

/**
 * Text to syntax tree: the whole grammar of Prometheus 3.14, type checks included.
 *
 * <p>Every method throws {@link QueryException.Parse} with the message and position of Prometheus
 * ({@code 1:5: parse error: ...}) if the text is not what the method reads, and nothing else, whatever the text.
 */
public final class PromqlParser {
    private PromqlParser() {}

    /** An expression; syntax behind a feature flag that is off is an error that names it. */
    public static Expr parse(String text, Set<Feature> features) {
        return parse(text, features, ParserLimits.DEFAULT);
    }

    public static Expr parse(String text, Set<Feature> features, ParserLimits limits) {
        Expr expression = new ExpressionParser(new TokenStream(text, limits), features, limits).parseAll();
        return TypeChecker.check(expression, text);
    }

    /**
     * The conditions of a series selector, as in {@code match[]}: a name, matchers in braces or both. Whether one of them
     * refuses the empty value is left to the caller.
     */
    public static List<LabelMatcher> parseSelector(String text) {
        TokenStream tokens = new TokenStream(text, ParserLimits.DEFAULT);
        if (!tokens.kind().isMetricName() && tokens.kind() != TokenKind.LEFT_BRACE) {
            throw tokens.unexpected("", "");
        }
        Expr.VectorSelector selector = new SelectorParser(tokens).parseSelector();
        requireEnd(tokens);
        return selector.matchers();
    }

    /** A series in Prometheus' notation: {@code name{label="value"}}. */
    public static Labels parseLabels(String text) {
        TokenStream tokens = new TokenStream(text, ParserLimits.DEFAULT);
        Labels labels = new SelectorParser(tokens).parseLabels();
        requireEnd(tokens);
        return labels;
    }

    private static void requireEnd(TokenStream tokens) {
        if (tokens.kind() != TokenKind.END_OF_INPUT) {
            throw tokens.unexpected("", "");
        }
        tokens.throwDeferred();
    }
}
