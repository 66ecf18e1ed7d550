package io.weir.eventstats.feed;

import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.parser.PromqlPrinter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What queries that ask for the same have in common: the expression printed canonically, with matchers and grouping labels sorted. The grid is no
 * part of it.
 *
 * @param hash SHA-256 of the text, in lower-case hexadecimal digits
 * @param metric name of the first selector; empty if it names none
 */
record CanonicalQuery(String text, String hash, String metric) {
    /**
     * Of a text; what does not parse, such as a question for labels, is itself.
     *
     * @param kind of the query; lookups are no PromQL
     */
    static CanonicalQuery of(String kind, String text) {
        if (kind.equals("series") || kind.equals("labels")) {
            return new CanonicalQuery(text, sha256(text), "");
        }
        try {
            Expr sorted = CanonicalExpression.of(PromqlParser.parse(text, Feature.ALL));
            String canonical = PromqlPrinter.print(sorted);
            return new CanonicalQuery(canonical, sha256(canonical), metric(sorted));
        } catch (QueryException e) {
            return new CanonicalQuery(text, sha256(text), "");
        }
    }

    private static String metric(Expr expression) {
        if (expression instanceof Expr.VectorSelector selector) {
            return selector.matchers().stream()
                    .filter(matcher ->
                            matcher.name().equals(Labels.METRIC_NAME) && matcher.type() == LabelMatcher.Type.EQUAL)
                    .map(LabelMatcher::value)
                    .findFirst()
                    .orElse("");
        }
        List<Expr> children = expression.children();
        for (Expr child : children) {
            String metric = metric(child);
            if (!metric.isEmpty()) {
                return metric;
            }
        }
        return "";
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
