package io.weir.eventstats.stats.registry;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts PostgreSQL's SQL into tokens, as far as is needed to find named parameters: strings, also with escapes and in dollars, quoted names,
 * comments, also nested, and casts {@code ::} hold no parameters.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-syntax-lexical.html">Lexical structure</a>
 */
final class SqlLexer {
    private final String sql;
    private final List<SqlToken> tokens = new ArrayList<>();
    private int next;

    private SqlLexer(String sql) {
        this.sql = sql;
    }

    /** @throws IllegalArgumentException if a string, name or comment has no end */
    static List<SqlToken> tokens(String sql) {
        SqlLexer lexer = new SqlLexer(sql);
        while (lexer.next < sql.length()) {
            lexer.token();
        }
        return List.copyOf(lexer.tokens);
    }

    private void token() {
        char c = sql.charAt(next);
        if (Character.isWhitespace(c)) {
            add(SqlToken.Kind.SPACE, next + 1);
        } else if (c == '-' && at(next + 1) == '-') {
            int end = sql.indexOf('\n', next);
            add(SqlToken.Kind.SPACE, end < 0 ? sql.length() : end);
        } else if (c == '/' && at(next + 1) == '*') {
            add(SqlToken.Kind.SPACE, commentEnd());
        } else if (c == '\'') {
            add(SqlToken.Kind.STRING, quotedEnd(next, '\'', false));
        } else if ((c == 'e' || c == 'E') && at(next + 1) == '\'') {
            add(SqlToken.Kind.STRING, quotedEnd(next + 1, '\'', true));
        } else if (c == '"') {
            add(SqlToken.Kind.QUOTED_NAME, quotedEnd(next, '"', false));
        } else if (c == '$') {
            dollar();
        } else if (c == ':') {
            colon();
        } else if (isNameStart(c)) {
            add(SqlToken.Kind.WORD, nameEnd(next, true));
        } else {
            add(SqlToken.Kind.SYMBOL, next + 1);
        }
    }

    private void colon() {
        if (at(next + 1) == ':') {
            add(SqlToken.Kind.SYMBOL, next + 2);
        } else if (isNameStart(at(next + 1))) {
            int end = nameEnd(next + 1, false);
            tokens.add(new SqlToken(SqlToken.Kind.PARAMETER, sql.substring(next + 1, end)));
            next = end;
        } else {
            add(SqlToken.Kind.SYMBOL, next + 1);
        }
    }

    private void dollar() {
        if (isDigit(at(next + 1))) {
            int end = next + 1;
            while (isDigit(at(end))) {
                end++;
            }
            add(SqlToken.Kind.POSITION, end);
            return;
        }
        int tagEnd = isNameStart(at(next + 1)) ? nameEnd(next + 1, false) : next + 1;
        if (at(tagEnd) != '$') {
            add(SqlToken.Kind.SYMBOL, next + 1);
            return;
        }
        String tag = sql.substring(next, tagEnd + 1);
        int end = sql.indexOf(tag, tagEnd + 1);
        if (end < 0) {
            throw new IllegalArgumentException("a string in " + tag + " has no end");
        }
        add(SqlToken.Kind.STRING, end + tag.length());
    }

    private int quotedEnd(int start, char quote, boolean escapes) {
        int i = start + 1;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            if (escapes && c == '\\') {
                i += 2;
            } else if (c == quote && at(i + 1) == quote) {
                i += 2;
            } else if (c == quote) {
                return i + 1;
            } else {
                i++;
            }
        }
        throw new IllegalArgumentException((quote == '"' ? "a quoted name" : "a string") + " has no end");
    }

    private int commentEnd() {
        int depth = 0;
        int i = next;
        while (i < sql.length()) {
            if (sql.startsWith("/*", i)) {
                depth++;
                i += 2;
            } else if (sql.startsWith("*/", i)) {
                depth--;
                i += 2;
                if (depth == 0) {
                    return i;
                }
            } else {
                i++;
            }
        }
        throw new IllegalArgumentException("a comment has no end");
    }

    private void add(SqlToken.Kind kind, int end) {
        tokens.add(new SqlToken(kind, sql.substring(next, end)));
        next = end;
    }

    private int nameEnd(int start, boolean dollars) {
        int end = start;
        while (isNameStart(at(end)) || isDigit(at(end)) || (dollars && at(end) == '$')) {
            end++;
        }
        return end;
    }

    /** The character at an index; 0 beyond the end. */
    private char at(int index) {
        return index < sql.length() ? sql.charAt(index) : '\0';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isNameStart(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    }
}
