package io.weir.promql.parser;

import io.weir.promql.ast.PositionRange;

/**
 * A token.
 *
 * @param text as written, or the message of an {@link TokenKind#ERROR}
 * @param start offset of its first character
 * @param end offset after its last character
 */
record Token(TokenKind kind, String text, int start, int end) {
    private static final int SHOWN_LENGTH_MAX = 10;

    PositionRange position() {
        return new PositionRange(start, end);
    }

    /** The token as named after "unexpected" (Prometheus 3.14, promql/parser/lex.go, Item.desc). */
    String description() {
        return switch (kind.group()) {
            case OTHER -> kind == TokenKind.END_OF_INPUT ? "end of input" : text;
            case NAMED -> kindName() + " " + shown();
            case PUNCTUATION, PREPROCESSOR -> GoText.quote(text);
            case OPERATOR -> "<op:" + text + ">";
            case AGGREGATOR -> "<aggr:" + text + ">";
            case KEYWORD -> "<" + text + ">";
        };
    }

    private String kindName() {
        return kind == TokenKind.METRIC_IDENTIFIER
                ? "metric identifier"
                : kind.name().toLowerCase(java.util.Locale.ROOT);
    }

    private String shown() {
        boolean isName = kind == TokenKind.IDENTIFIER || kind == TokenKind.METRIC_IDENTIFIER;
        if (isName || text.codePointCount(0, text.length()) <= SHOWN_LENGTH_MAX) {
            return GoText.quote(text);
        }
        return GoText.quote(text.substring(0, text.offsetByCodePoints(0, SHOWN_LENGTH_MAX))) + "...";
    }
}
