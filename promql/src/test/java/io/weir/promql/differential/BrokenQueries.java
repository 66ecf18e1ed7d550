package io.weir.promql.differential;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Breaks queries: changes one or two of their tokens. */
final class BrokenQueries {
    private static final Pattern TOKEN = Pattern.compile(
            "\"(?:\\\\.|[^\"\\\\])*\"|[A-Za-z_][A-Za-z_0-9]*|[0-9][0-9a-z.]*|[=!<>~]{1,2}|\\s+|.", Pattern.DOTALL);
    private static final List<String> TOKENS = List.of(
            "(",
            ")",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "+",
            "-",
            "==",
            "=",
            "=~",
            "!",
            "by",
            "without",
            "on",
            "ignoring",
            "group_left",
            "bool",
            "offset",
            "@",
            "and",
            "or",
            "sum",
            "topk",
            "rate",
            "foo",
            "\"x\"",
            "'",
            "`y`",
            "1",
            "5m",
            "1.5h",
            "start()",
            "end",
            "é",
            "#",
            "$",
            "\"\\q\"",
            "avg_over_time",
            "unless",
            "atan2",
            "^",
            "count_values",
            "Inf",
            "0x",
            "1e",
            "a:b",
            ";");

    private BrokenQueries() {}

    static String from(String query, Random random) {
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(query);
        while (matcher.find()) {
            tokens.add(matcher.group());
        }
        for (int i = 1 + random.nextInt(2); i > 0 && !tokens.isEmpty(); i--) {
            change(tokens, random);
        }
        return String.join("", tokens);
    }

    private static void change(List<String> tokens, Random random) {
        int at = random.nextInt(tokens.size());
        switch (random.nextInt(5)) {
            case 0 -> tokens.remove(at);
            case 1 -> tokens.add(at, tokens.get(at));
            case 2 -> tokens.set(at, tokens.set(random.nextInt(tokens.size()), tokens.get(at)));
            case 3 -> tokens.set(at, pick(random));
            default -> tokens.add(at, " " + pick(random) + " ");
        }
    }

    private static String pick(Random random) {
        return TOKENS.get(random.nextInt(TOKENS.size()));
    }
}
