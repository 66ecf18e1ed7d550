package io.weir.promql.parser;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Splits a text into tokens (Prometheus 3.14, promql/parser/lex.go). Comments are left out. The last token is the end of the
 * input or an error.
 */
final class Lexer {
    private static final int END = -1;

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int tokenStart;
    private int parenDepth;
    private boolean braceOpen;
    private boolean bracketOpen;
    private boolean numberSeen;
    private boolean colonSeen;
    private boolean done;

    private Lexer(String text) {
        this.text = text;
    }

    static List<Token> tokens(String text) {
        Lexer lexer = new Lexer(text);
        while (!lexer.done) {
            lexer.skipBlanks();
            lexer.tokenStart = lexer.position;
            lexer.step();
        }
        return lexer.tokens;
    }

    private void step() {
        int point = next();
        if (point == '"' || point == '\'' || point == '`') {
            if (bracketOpen) {
                fail("unexpected character in duration expression: " + GoText.quoteCharacter(point));
            } else {
                string(point);
            }
        } else if (braceOpen) {
            insideBraces(point);
        } else if (bracketOpen) {
            insideBrackets(point);
        } else if (!operator(point)) {
            statement(point);
        }
    }

    private void statement(int point) {
        if (point == END) {
            if (parenDepth != 0) {
                fail("unclosed left parenthesis");
            } else {
                end();
            }
        } else if (isDigit(point) || (point == '.' && isDigit(peek()))) {
            numberOrDuration();
        } else if (isAlpha(point) || point == ':') {
            word();
        } else if (point == '{') {
            emit(TokenKind.LEFT_BRACE);
            braceOpen = true;
        } else if (point == '[') {
            emit(TokenKind.LEFT_BRACKET);
            bracketOpen = true;
            numberSeen = false;
            colonSeen = false;
        } else if (point == ']') {
            fail("unexpected right bracket " + GoText.quoteCharacter(point));
        } else {
            fail("unexpected character: " + GoText.quoteCharacter(point));
        }
    }

    private void insideBraces(int point) {
        if (point == END) {
            fail("unexpected end of input inside braces");
        } else if (isAlpha(point)) {
            while (isAlphaNumeric(peek())) {
                next();
            }
            emit(TokenKind.IDENTIFIER);
        } else if (point == ',') {
            emit(TokenKind.COMMA);
        } else if (point == '=') {
            emit(accept('~') ? TokenKind.REGEX_EQUAL : TokenKind.EQUAL);
        } else if (point == '!') {
            int after = next();
            if (after == '~') {
                emit(TokenKind.REGEX_NOT_EQUAL);
            } else if (after == '=') {
                emit(TokenKind.NOT_EQUAL);
            } else {
                fail("unexpected character after '!' inside braces: " + GoText.quoteCharacter(after));
            }
        } else if (point == '{') {
            fail("unexpected left brace " + GoText.quoteCharacter(point));
        } else if (point == '}') {
            emit(TokenKind.RIGHT_BRACE);
            braceOpen = false;
        } else {
            fail("unexpected character inside braces: " + GoText.quoteCharacter(point));
        }
    }

    private void insideBrackets(int point) {
        if (point == END) {
            fail(numberSeen ? "unclosed left bracket" : "unexpected end of input in duration expression");
        } else if (point == ']') {
            emit(TokenKind.RIGHT_BRACKET);
            bracketOpen = false;
        } else if (point == ':') {
            colon();
        } else if (isDigit(point) || (point == '.' && isDigit(peek()))) {
            numberSeen = true;
            numberOrDuration();
        } else if (isAlpha(point)) {
            durationWord(point);
        } else if (point == '[' || !isDurationOperator(point) || !operator(point)) {
            failInBrackets(point);
        }
    }

    private void colon() {
        if (!numberSeen) {
            tokenStart = position;
            fail("unexpected colon before duration in duration expression");
        } else if (colonSeen) {
            fail("unexpected colon ':'");
        } else {
            emit(TokenKind.COLON);
            colonSeen = true;
        }
    }

    private void durationWord(int first) {
        while (isAlphaNumeric(peek())) {
            next();
        }
        String word = text.substring(tokenStart, position);
        TokenKind kind = TokenKind.ofWord(word);
        if (kind == TokenKind.STEP || kind == TokenKind.RANGE) {
            numberSeen = true;
            emit(kind);
        } else if (word.equalsIgnoreCase("min_of") || word.equalsIgnoreCase("max_of")) {
            emit(TokenKind.IDENTIFIER);
        } else {
            failInBrackets(first);
        }
    }

    private void failInBrackets(int point) {
        String quoted = GoText.quoteCharacter(point);
        if (point == '[' && numberSeen) {
            fail("unexpected left bracket " + quoted);
        } else if (numberSeen && isAlpha(point)) {
            fail("unexpected character: " + quoted + ", expected ':'");
        } else if (numberSeen) {
            fail("unexpected character: " + quoted);
        } else {
            fail("unexpected character in duration expression: " + quoted);
        }
    }

    private static boolean isDurationOperator(int point) {
        return "+-*/%^(),".indexOf(point) >= 0;
    }

    /** Emits the operator, comma or parenthesis that starts with a character; false if none does. */
    private boolean operator(int point) {
        switch (point) {
            case ',' -> emit(TokenKind.COMMA);
            case '*' -> emit(TokenKind.MUL);
            case '/' -> emit(TokenKind.DIV);
            case '%' -> emit(TokenKind.MOD);
            case '+' -> emit(TokenKind.ADD);
            case '-' -> emit(TokenKind.SUB);
            case '^' -> emit(TokenKind.POW);
            case '@' -> emit(TokenKind.AT);
            case '<' ->
                emit(accept('=') ? TokenKind.LESS_OR_EQUAL : accept('/') ? TokenKind.TRIM_UPPER : TokenKind.LESS);
            case '>' ->
                emit(accept('=') ? TokenKind.GREATER_OR_EQUAL : accept('/') ? TokenKind.TRIM_LOWER : TokenKind.GREATER);
            case '=' -> {
                if (peek() == '~') {
                    fail("unexpected character after '=': '~'");
                } else {
                    emit(accept('=') ? TokenKind.EQUAL_EQUAL : TokenKind.EQUAL);
                }
            }
            case '!' -> {
                int after = next();
                if (after == '=') {
                    emit(TokenKind.NOT_EQUAL);
                } else {
                    fail("unexpected character after '!': " + GoText.quoteCharacter(after));
                }
            }
            case '(' -> {
                parenDepth++;
                emit(TokenKind.LEFT_PAREN);
            }
            case ')' -> {
                parenDepth--;
                if (parenDepth < 0) {
                    tokenStart = position;
                    fail("unexpected right parenthesis ')'");
                } else {
                    emit(TokenKind.RIGHT_PAREN);
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void word() {
        while (isAlphaNumeric(peek()) || peek() == ':') {
            next();
        }
        String word = text.substring(tokenStart, position);
        TokenKind keyword = TokenKind.ofWord(word);
        if (keyword != null) {
            emit(keyword);
        } else {
            emit(word.indexOf(':') < 0 ? TokenKind.IDENTIFIER : TokenKind.METRIC_IDENTIFIER);
        }
    }

    private void string(int quote) {
        boolean isRaw = quote == '`';
        while (true) {
            int point = next();
            if (point == quote) {
                emit(TokenKind.STRING);
                return;
            }
            if (point == END || (point == '\n' && !isRaw)) {
                fail(isRaw ? "unterminated raw string" : "unterminated quoted string");
                return;
            }
            if (point == 0xFFFD || (point >= 0xD800 && point <= 0xDFFF)) {
                fail("invalid UTF-8 rune");
                return;
            }
            if (point == '\\' && !isRaw) {
                String problem = escape(quote);
                if (problem != null) {
                    fail(problem);
                    return;
                }
            }
        }
    }

    /** Reads an escape sequence after its backslash; returns what is wrong with it, or null. */
    private @Nullable String escape(int quote) {
        int point = next();
        int digits;
        int base = 16;
        long max = Character.MAX_CODE_POINT;
        if (point == quote || (point > 0 && "abfnrtv\\".indexOf(point) >= 0)) {
            return null;
        } else if (point >= '0' && point <= '7') {
            position--;
            digits = 3;
            base = 8;
            max = 255;
        } else if (point == 'x') {
            digits = 2;
            max = 255;
        } else if (point == 'u') {
            digits = 4;
        } else if (point == 'U') {
            digits = 8;
        } else {
            return point == END
                    ? "escape sequence not terminated"
                    : "unknown escape sequence " + String.format("U+%04X '%s'", point, Character.toString(point));
        }
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digitPoint = next();
            int digit = digitPoint < 0x80 ? Character.digit(digitPoint, base) : -1;
            if (digitPoint == END) {
                return "escape sequence not terminated";
            }
            if (digit < 0) {
                return "illegal character "
                        + String.format("U+%04X '%s'", digitPoint, Character.toString(digitPoint))
                        + " in escape sequence";
            }
            value = value * base + digit;
        }
        return value > max || (value >= 0xD800 && value < 0xE000)
                ? "escape sequence is an invalid Unicode code point"
                : null;
    }

    private void numberOrDuration() {
        position = tokenStart;
        if (scanNumber()) {
            emit(TokenKind.NUMBER);
        } else if (scanDurationRest()) {
            emit(TokenKind.DURATION);
        } else {
            fail("bad number or duration syntax: " + GoText.quote(text.substring(tokenStart, position)));
        }
    }

    /** Reads a number; whether it is a valid one shows when it is converted. False where a number cannot be. */
    private boolean scanNumber() {
        boolean hex = false;
        if (accept('0') && (accept('x') || accept('X'))) {
            accept('_');
            hex = true;
        }
        boolean dotSeen = false;
        boolean exponentSeen = false;
        while (true) {
            int point = peek();
            if (isDigit(point) || (hex && isHexLetter(point))) {
                next();
            } else if (point == '.') {
                next();
                if (dotSeen || hex || acceptAny("_.")) {
                    return false;
                }
                dotSeen = true;
            } else if (!hex && (point == 'e' || point == 'E')) {
                next();
                if (exponentSeen) {
                    return false;
                }
                exponentSeen = true;
                acceptAny("+-");
                if (acceptAny("._eE") || peek() == END) {
                    return false;
                }
            } else if (point == '_') {
                next();
                if (acceptAny("._eE") || peek() == END) {
                    return false;
                }
            } else {
                return !isAlphaNumeric(point);
            }
        }
    }

    /** Reads the rest of a duration whose first digits have been read: a unit, then digits and units. */
    private boolean scanDurationRest() {
        if (!acceptAny("smhdwy")) {
            return false;
        }
        accept('s');
        while (isDigit(peek())) {
            while (isDigit(peek())) {
                next();
            }
            if (!acceptAny("smhdw")) {
                return false;
            }
            accept('s');
        }
        if (isAlphaNumeric(peek())) {
            next();
            return false;
        }
        return true;
    }

    private void skipBlanks() {
        while (position < text.length()) {
            char character = text.charAt(position);
            if (character == '#') {
                while (position < text.length() && text.charAt(position) != '\n' && text.charAt(position) != '\r') {
                    position++;
                }
            } else if (character == ' ' || character == '\t' || character == '\n' || character == '\r') {
                position++;
            } else {
                return;
            }
        }
    }

    private void emit(TokenKind kind) {
        tokens.add(new Token(kind, text.substring(tokenStart, position), tokenStart, position));
    }

    private void fail(String message) {
        tokens.add(new Token(TokenKind.ERROR, message, tokenStart, text.length()));
        done = true;
    }

    private void end() {
        tokens.add(new Token(TokenKind.END_OF_INPUT, "", position, position));
        done = true;
    }

    private int next() {
        if (position >= text.length()) {
            return END;
        }
        int point = text.codePointAt(position);
        position += Character.charCount(point);
        return point;
    }

    private int peek() {
        return position < text.length() ? text.codePointAt(position) : END;
    }

    private boolean accept(char character) {
        if (peek() != character) {
            return false;
        }
        position++;
        return true;
    }

    private boolean acceptAny(String characters) {
        int point = peek();
        if (point < 0 || characters.indexOf(point) < 0) {
            return false;
        }
        position++;
        return true;
    }

    private static boolean isHexLetter(int point) {
        return (point >= 'a' && point <= 'f') || (point >= 'A' && point <= 'F');
    }

    static boolean isDigit(int point) {
        return point >= '0' && point <= '9';
    }

    static boolean isAlpha(int point) {
        return point == '_' || (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
    }

    static boolean isAlphaNumeric(int point) {
        return isAlpha(point) || isDigit(point);
    }
}
