package io.weir.promql.parser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.ValueType;
import io.weir.promql.error.QueryException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random expressions survive printing and parsing again; random garbage fails with a parse error and nothing else. */
final class ParserRandomTest {
    private static final long SEED = Long.getLong("weir.seed", 20260821L);

    @Test
    void printedExpressionsParseToTheSameTree() {
        Random random = new Random(SEED);
        TestingExpressions expressions = new TestingExpressions(random);
        for (int i = 0; i < 5_000; i++) {
            String text = expressions.expression(random.nextInt(8) == 0 ? ValueType.SCALAR : ValueType.VECTOR, i % 5);
            String context = "seed=" + SEED + " run " + i + ": " + text;
            Expr tree;
            try {
                tree = PromqlParser.parse(text, Feature.ALL);
            } catch (QueryException.Parse e) {
                fail(context + ": " + e.getMessage());
                return;
            }
            Expr plain = TestingExpressions.withoutPositions(tree);
            for (String printed : List.of(PromqlPrinter.print(tree), PromqlPrinter.pretty(tree))) {
                Expr again = PromqlParser.parse(printed, Feature.ALL);
                assertThat(TestingExpressions.withoutPositions(again))
                        .as(context + "\nprinted " + printed)
                        .isEqualTo(plain);
                assertThat(PromqlPrinter.print(again)).as(context).isEqualTo(PromqlPrinter.print(tree));
            }
            for (Expr node : Nodes.preorder(tree)) {
                assertThat(node.position().start()).as(context).isBetween(0, text.length());
                assertThat(node.position().end())
                        .as(context)
                        .isBetween(node.position().start(), text.length());
            }
        }
    }

    @Test
    void damagedExpressionsFailOnlyWithParseErrors() {
        Random random = new Random(SEED + 1);
        TestingExpressions expressions = new TestingExpressions(random);
        for (int i = 0; i < 8_000; i++) {
            StringBuilder text = new StringBuilder(expressions.expression(ValueType.VECTOR, i % 4));
            for (int change = random.nextInt(4); change >= 0 && !text.isEmpty(); change--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(4)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, garbage(random));
                    case 2 -> text.setCharAt(at, garbage(random));
                    default -> text.setLength(at);
                }
            }
            parseQuietly(text.toString(), i);
        }
    }

    @Test
    void garbageFailsOnlyWithParseErrors() {
        Random random = new Random(SEED + 2);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(40); length > 0; length--) {
                text.append(garbage(random));
            }
            parseQuietly(text.toString(), i);
        }
    }

    private static char garbage(Random random) {
        String likely = "()[]{}\"'`\\:,=!~<>/*+-^%@#._xeE0123456789smhdwyNaNInfbyon \n";
        return random.nextInt(8) == 0 ? (char) random.nextInt(0x10000) : likely.charAt(random.nextInt(likely.length()));
    }

    private static void parseQuietly(String text, int run) {
        try {
            PromqlParser.parse(text, Feature.ALL);
        } catch (QueryException.Parse e) {
            assertThat(e.getMessage()).matches("(?s)\\d+:\\d+: parse error: .+");
        } catch (RuntimeException e) {
            throw new AssertionError("seed=" + SEED + " run " + run + ": " + text, e);
        }
        try {
            PromqlParser.parseSelector(text);
        } catch (QueryException.Parse e) {
            assertThat(e.getMessage()).contains("parse error");
        }
        try {
            PromqlParser.parseLabels(text);
        } catch (QueryException.Parse e) {
            assertThat(e.getMessage()).contains("parse error");
        }
    }
}
