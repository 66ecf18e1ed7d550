package io.weir.promql.parser;

import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tokens of one text with a cursor, and the errors that point into the text. */
final class TokenStream {
    private final String text;
    private final List<Token> tokens;
    private int cursor;
    private int openAggregations;
    private QueryException.@Nullable Parse deferred;

    /**
     * @throws QueryException.Parse if the text is longer than the limit
     */
    TokenStream(String text, ParserLimits limits) {
        this.text = text;
        if (text.length() > limits.queryLengthMax()) {
            throw new QueryException.Parse(
                    "1:1: parse error: query of " + text.length() + " characters is longer than the limit of "
                            + limits.queryLengthMax() + "; split it or raise the limit",
                    PositionRange.NONE);
        }
        this.tokens = Lexer.tokens(text);
    }

    Token peek() {
        return tokens.get(cursor);
    }

    /** The kind of the next token. */
    TokenKind kind() {
        return tokens.get(cursor).kind();
    }

    /** The kind of the token after the next one. */
    TokenKind secondKind() {
        return tokens.get(Math.min(cursor + 1, tokens.size() - 1)).kind();
    }

    /** Takes the next token; the end of the input and an error are never passed. */
    Token next() {
        Token token = tokens.get(cursor);
        if (cursor < tokens.size() - 1) {
            cursor++;
        }
        return token;
    }

    boolean accept(TokenKind kind) {
        if (kind() != kind) {
            return false;
        }
        next();
        return true;
    }

    /** Takes a token of one kind, or fails saying what was there instead. */
    Token expect(TokenKind kind, String context, String expected) {
        if (kind() != kind) {
            throw unexpected(context, expected);
        }
        return next();
    }

    /** End of the last token taken. */
    int previousEnd() {
        return cursor == 0 ? 0 : tokens.get(cursor - 1).end();
    }

    /** Keeps an error of meaning that is reported only if the whole text is well formed; the first one counts. */
    void defer(QueryException.Parse error) {
        if (deferred == null) {
            deferred = error;
        }
    }

    /** Throws the error that was deferred, if there is one. */
    void throwDeferred() {
        if (deferred != null) {
            throw deferred;
        }
    }

    /** Says that an aggregation begins: until its end it is the context of errors that have no nearer one. */
    void beginAggregation() {
        openAggregations++;
    }

    void endAggregation() {
        openAggregations--;
    }

    /** The error that the next token is not what the grammar wants here; context and expectation may be empty. */
    QueryException.Parse unexpected(String context, String expected) {
        Token token = peek();
        if (token.kind() == TokenKind.ERROR) {
            return error(token.position(), token.text());
        }
        String where = context.isEmpty() && openAggregations > 0 ? "aggregation" : context;
        return error(
                token.position(),
                "unexpected " + token.description()
                        + (where.isEmpty() ? "" : " in " + where)
                        + (expected.isEmpty() ? "" : ", expected " + expected));
    }

    QueryException.Parse error(PositionRange position, String message) {
        return new QueryException.Parse(position.startPosition(text) + ": parse error: " + message, position);
    }

    /** The value of a string token. */
    String unquote(Token token) {
        try {
            return Literals.unquote(token.text());
        } catch (IllegalArgumentException e) {
            throw error(token.position(), String.valueOf(e.getMessage()));
        }
    }

    /** The value of a number or duration token in seconds. */
    double seconds(Token token) {
        try {
            return token.kind() == TokenKind.DURATION
                    ? Literals.durationMillis(token.text()) / 1000.0
                    : Literals.number(token.text());
        } catch (IllegalArgumentException e) {
            throw error(token.position(), String.valueOf(e.getMessage()));
        }
    }
}
