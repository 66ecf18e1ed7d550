package io.weir.promql.parser;

import io.weir.promql.ast.BinaryOperator;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The kinds of tokens (Prometheus 3.14, promql/parser/lex.go). */
enum TokenKind {
    END_OF_INPUT(Group.OTHER),
    /** The text cannot be split further; the token's text is the message. */
    ERROR(Group.OTHER),
    IDENTIFIER(Group.NAMED),
    /** An identifier with a colon in it. */
    METRIC_IDENTIFIER(Group.NAMED),
    STRING(Group.NAMED),
    NUMBER(Group.NAMED),
    DURATION(Group.NAMED),

    LEFT_BRACE(Group.PUNCTUATION),
    RIGHT_BRACE(Group.PUNCTUATION),
    LEFT_PAREN(Group.PUNCTUATION),
    RIGHT_PAREN(Group.PUNCTUATION),
    LEFT_BRACKET(Group.PUNCTUATION),
    RIGHT_BRACKET(Group.PUNCTUATION),
    COMMA(Group.PUNCTUATION),
    COLON(Group.PUNCTUATION),
    EQUAL(Group.PUNCTUATION),

    REGEX_EQUAL(Group.OPERATOR),
    REGEX_NOT_EQUAL(Group.OPERATOR),
    AT(Group.OPERATOR),
    ADD(BinaryOperator.ADD, 4),
    SUB(BinaryOperator.SUB, 4),
    MUL(BinaryOperator.MUL, 5),
    DIV(BinaryOperator.DIV, 5),
    MOD(BinaryOperator.MOD, 5),
    POW(BinaryOperator.POW, 6),
    ATAN2(BinaryOperator.ATAN2, 5),
    EQUAL_EQUAL(BinaryOperator.EQL, 3),
    NOT_EQUAL(BinaryOperator.NEQ, 3),
    GREATER(BinaryOperator.GTR, 3),
    LESS(BinaryOperator.LSS, 3),
    GREATER_OR_EQUAL(BinaryOperator.GTE, 3),
    LESS_OR_EQUAL(BinaryOperator.LTE, 3),
    TRIM_UPPER(BinaryOperator.TRIM_UPPER, 3),
    TRIM_LOWER(BinaryOperator.TRIM_LOWER, 3),
    AND(BinaryOperator.AND, 2),
    UNLESS(BinaryOperator.UNLESS, 2),
    OR(BinaryOperator.OR, 1),

    SUM(Group.AGGREGATOR),
    AVG(Group.AGGREGATOR),
    MIN(Group.AGGREGATOR),
    MAX(Group.AGGREGATOR),
    COUNT(Group.AGGREGATOR),
    GROUP(Group.AGGREGATOR),
    STDDEV(Group.AGGREGATOR),
    STDVAR(Group.AGGREGATOR),
    TOPK(Group.AGGREGATOR),
    BOTTOMK(Group.AGGREGATOR),
    QUANTILE(Group.AGGREGATOR),
    COUNT_VALUES(Group.AGGREGATOR),
    LIMITK(Group.AGGREGATOR),
    LIMIT_RATIO(Group.AGGREGATOR),

    OFFSET(Group.KEYWORD),
    ANCHORED(Group.KEYWORD),
    SMOOTHED(Group.KEYWORD),
    BY(Group.KEYWORD),
    WITHOUT(Group.KEYWORD),
    ON(Group.KEYWORD),
    IGNORING(Group.KEYWORD),
    GROUP_LEFT(Group.KEYWORD),
    GROUP_RIGHT(Group.KEYWORD),
    FILL(Group.KEYWORD),
    FILL_LEFT(Group.KEYWORD),
    FILL_RIGHT(Group.KEYWORD),
    BOOL(Group.KEYWORD),

    START(Group.PREPROCESSOR),
    END(Group.PREPROCESSOR),
    STEP(Group.PREPROCESSOR),
    RANGE(Group.PREPROCESSOR);

    /** How a token is named in messages. */
    enum Group {
        OTHER,
        NAMED,
        PUNCTUATION,
        OPERATOR,
        AGGREGATOR,
        KEYWORD,
        PREPROCESSOR
    }

    private static final Map<String, TokenKind> WORDS = Arrays.stream(values())
            .filter(TokenKind::isWord)
            .collect(Collectors.toUnmodifiableMap(kind -> kind.name().toLowerCase(Locale.ROOT), Function.identity()));

    private final Group group;
    private final @Nullable BinaryOperator operator;
    private final int precedence;

    TokenKind(Group group) {
        this.group = group;
        this.operator = null;
        this.precedence = 0;
    }

    TokenKind(BinaryOperator operator, int precedence) {
        this.group = Group.OPERATOR;
        this.operator = operator;
        this.precedence = precedence;
    }

    /** The keyword a word is, in any case; null for an ordinary name. */
    static @Nullable TokenKind ofWord(String word) {
        TokenKind kind = WORDS.get(word.toLowerCase(Locale.ROOT));
        if (kind == null && (word.equalsIgnoreCase("inf") || word.equalsIgnoreCase("nan"))) {
            return NUMBER;
        }
        return kind;
    }

    private boolean isWord() {
        return switch (group) {
            case AGGREGATOR, KEYWORD, PREPROCESSOR -> true;
            case OPERATOR -> this == ATAN2 || this == AND || this == OR || this == UNLESS;
            case OTHER, NAMED, PUNCTUATION -> false;
        };
    }

    Group group() {
        return group;
    }

    boolean isAggregator() {
        return group == Group.AGGREGATOR;
    }

    /** The binary operator the token is, or null. */
    @Nullable
    BinaryOperator operator() {
        return operator;
    }

    /** How tightly the operator binds; 1 is loosest, 0 is no binary operator. */
    int precedence() {
        return precedence;
    }

    /** Whether a metric may have this name without quotes. */
    boolean isMetricName() {
        return switch (this) {
            case IDENTIFIER, METRIC_IDENTIFIER -> true;
            case ATAN2, ON, IGNORING, GROUP_LEFT, GROUP_RIGHT, BOOL -> false;
            default -> isWord();
        };
    }

    /** Whether a label may have this name in grouping and matching lists without quotes. */
    boolean isLabelName() {
        return this == IDENTIFIER || (isWord() && this != WITHOUT);
    }
}
