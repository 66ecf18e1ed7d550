package io.weir.promql.differential;

import java.util.List;
import java.util.Random;

/**
 * Random queries that find something in {@link DifferentialData}, of the language that Prometheus 2.42 and 3.14 share.
 *
 * <p>Ranges of subqueries carry half a second, so that no point of a subquery lies on the border of a window.
 */
final class DifferentialQueries {
    private static final List<String> SELECTORS = List.of(
            "requests_total",
            "small_total",
            "load",
            "memory",
            "load{job=\"api\"}",
            "memory{instance=~\"i[01]\"}",
            "requests_total{path=\"/é☺\"}",
            "requests_total{path=~\".*☺|.*b.c\"}",
            "{__name__=~\"load|memory\",env=\"prod\"}",
            "{job!=\"db\",__name__!~\".*bucket|.*info|.*_total\",__name__=~\".+\"}",
            "load{env!=\"\"}",
            "load{absent=\"\"}",
            "memory{job=~\"api|web\",instance!~\"i2\"}",
            "latency_bucket",
            "latency_count",
            "job_info",
            "double_info",
            "sparse",
            "constant",
            "one",
            "nothing_here");
    private static final List<String> COUNTERS = List.of(
            "requests_total",
            "small_total",
            "latency_bucket",
            "latency_count",
            "requests_total{path=~\".*☺\"}",
            "{__name__=~\"(small|requests)_total\",job!=\"db\"}");
    private static final List<String> RANGES = List.of("1m", "5m", "10m", "90s", "17s", "31m");
    private static final List<String> GROUPINGS = List.of(
            "",
            " by (job)",
            " by (job, env)",
            " by (path)",
            " without (instance)",
            " without (instance, path, env)",
            " without ()",
            " by ()",
            " by (__name__)",
            " by (le)",
            " by (absent)");
    private static final List<String> RANGE_FUNCTIONS = List.of(
            "rate",
            "increase",
            "delta",
            "irate",
            "idelta",
            "deriv",
            "avg_over_time",
            "stddev_over_time",
            "stdvar_over_time",
            "quantile_over_time",
            "predict_linear",
            "sum_over_time",
            "min_over_time",
            "max_over_time",
            "count_over_time",
            "last_over_time",
            "present_over_time",
            "absent_over_time",
            "changes",
            "resets");
    private static final List<String> SIMPLE_FUNCTIONS = List.of(
            "abs",
            "ceil",
            "floor",
            "sgn",
            "exp",
            "ln",
            "log2",
            "log10",
            "sqrt",
            "timestamp",
            "hour",
            "minute",
            "month",
            "year",
            "day_of_week",
            "day_of_month",
            "day_of_year",
            "days_in_month",
            "absent",
            "sin",
            "cos",
            "atan",
            "tanh",
            "deg",
            "rad",
            "round",
            "sort",
            "sort_desc",
            "-",
            "+",
            "");
    private static final List<String> MATCHINGS = List.of(
            "",
            "",
            "ignoring (instance) ",
            "ignoring (path) ",
            "on (job, instance) ",
            "on (job) ",
            "on (job, instance, env) ",
            "on () ",
            "ignoring () ",
            "on (__name__) ");

    private final Random random;

    DifferentialQueries(Random random) {
        this.random = random;
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    String query() {
        return switch (random.nextInt(24)) {
            case 0 -> scalar(3);
            case 1 -> selector().replaceFirst("( @.*| offset.*)?$", "[" + pick(RANGES) + "]$1");
            case 2 -> subquery(vector(random.nextInt(3)));
            default -> vector(1 + random.nextInt(4));
        };
    }

    private String modifiers() {
        return switch (random.nextInt(16)) {
            case 0 -> " offset 3m";
            case 1 -> " offset -2m";
            case 2 -> " @ 1600002000";
            case 3 -> " @ start()";
            case 4 -> " @ end() offset 1m";
            case 5 -> " offset 61s @ 1600003333.125";
            default -> "";
        };
    }

    private String selector() {
        return pick(SELECTORS) + modifiers();
    }

    private String subquery(String expression) {
        return "(" + expression + ")[" + pick(List.of("59500ms", "4m59s500ms", "12m500ms")) + ":"
                + pick(List.of("", "30s", "1m", "7s", "13s", "61s")) + "]" + modifiers();
    }

    private String matrix(int depth) {
        return depth > 1 && random.nextInt(3) == 0
                ? subquery(vector(depth - 2))
                : pick(SELECTORS) + "[" + pick(RANGES) + "]" + modifiers();
    }

    private String overTime(int depth) {
        String function = pick(RANGE_FUNCTIONS);
        return switch (function) {
            /* Of counters far from zero, because 2.42 limits by zero before and not after it bounds the guess of the start. */
            case "rate", "increase" -> function + "(" + pick(COUNTERS) + "[" + pick(RANGES) + "]" + modifiers() + ")";
            case "quantile_over_time" ->
                function + "(" + pick(List.of("0.5", "0", "1", "0.97", "1.2", "-1")) + ", " + matrix(depth) + ")";
            /* 2.42 moves a range fixed by @ with the steps. */
            case "predict_linear" ->
                function + "(" + matrix(depth).replaceFirst(" @.*|( offset \\S+) @.*", "$1") + ", "
                        + pick(List.of("60", "-3600", "0")) + ")";
            default -> function + "(" + matrix(depth) + ")";
        };
    }

    private String grouping() {
        return pick(GROUPINGS);
    }

    private String vector(int depth) {
        if (depth <= 0) {
            return selector();
        }
        return switch (random.nextInt(19)) {
            case 0, 1, 2, 3 -> overTime(depth);
            case 4, 5 -> pick(SIMPLE_FUNCTIONS) + "(" + vector(depth - 1) + ")";
            case 6, 7 ->
                pick(List.of("sum", "avg", "min", "max", "count", "group")) + grouping() + "(" + vector(depth - 1)
                        + ")";
            case 8 ->
                pick(List.of("topk", "bottomk")) + grouping() + "(" + pick(List.of("1", "2", "3.7", "0", "-1", "99"))
                        + ", " + vector(depth - 1) + ")";
            case 9 ->
                "quantile" + grouping() + "(" + pick(List.of("0.5", "0", "1", "0.9", "1.1", "-0.1")) + ", "
                        + vector(depth - 1) + ")";
            /* Rounded, because label values do not forgive the last digit. */
            case 10 ->
                "count_values" + grouping() + "(\"" + pick(List.of("value", "job")) + "\", "
                        + (random.nextBoolean() ? selector() : "round(" + vector(depth - 1) + ", 0.5)") + ")";
            case 11 -> vector(depth - 1) + " " + arithmetic() + " " + scalar(depth - 1);
            case 12 -> scalar(depth - 1) + " " + arithmetic() + " " + vector(depth - 1);
            case 13 ->
                "(" + vector(depth - 1) + ") " + arithmetic() + " " + pick(MATCHINGS) + "(" + vector(depth - 1) + ")";
            case 14 ->
                "(" + vector(depth - 1) + ") " + pick(List.of("and", "or", "unless")) + " " + pick(MATCHINGS) + "("
                        + vector(depth - 1) + ")";
            case 15 -> grouped(depth);
            /* Of a first value that is not finite 2.42 has the deviation 0, 3.x NaN. */
            case 16 -> pick(List.of("stddev", "stdvar")) + grouping() + "(abs(" + vector(depth - 1) + ") < 1e300)";
            default -> special(depth);
        };
    }

    private String arithmetic() {
        return pick(List.of(
                "+", "-", "*", "/", "^", "%", ">", "<=", "==", "!=", "<", ">=", "> bool", "== bool", "!= bool",
                "<= bool"));
    }

    private String grouped(int depth) {
        String operator = arithmetic();
        return switch (random.nextInt(5)) {
            case 0 -> "(" + vector(depth - 1) + ") " + operator + " on (job) group_left (team) job_info";
            case 1 -> "job_info " + operator + " on (job) group_right () (" + vector(depth - 1) + ")";
            case 2 ->
                "(" + vector(depth - 1) + ") " + operator + " on (job) group_left (team, env) (" + vector(depth - 1)
                        + ")";
            case 3 -> "requests_total " + operator + " ignoring (path) group_left small_total";
            default -> "load " + operator + " on (instance, job) group_right (env) requests_total";
        };
    }

    private String special(int depth) {
        return switch (random.nextInt(10)) {
            case 0 -> "histogram_quantile(" + pick(List.of("0.9", "0.1", "2", "-1", "0", "1")) + ", latency_bucket)";
            case 1 -> "histogram_quantile(0.5, " + vector(depth - 1) + ")";
            case 2 ->
                "histogram_quantile(0.7, sum by (le" + pick(List.of("", ", job")) + ") (rate(latency_bucket[5m])))";
            case 3 ->
                "label_replace(" + vector(depth - 1) + ", \"" + pick(List.of("dst", "job", "__name__")) + "\", \""
                        + pick(List.of("$1", "${1}x", "fix", "", "$2", "$1_$0")) + "\", \""
                        + pick(List.of("job", "path", "missing", "__name__")) + "\", \""
                        + pick(List.of("(.).*", "(.*)", "", "/(.*)", "x(.*)")) + "\")";
            case 4 ->
                "label_join(" + vector(depth - 1) + ", \"" + pick(List.of("dst", "job", "instance")) + "\", \"-\""
                        + pick(List.of("", ", \"env\"", ", \"env\", \"job\"", ", \"missing\"")) + ")";
            case 5 -> "vector(" + scalar(depth - 1) + ")";
            case 6 -> "clamp(" + vector(depth - 1) + ", " + pick(List.of("-10", "100", "NaN")) + ", 50)";
            case 7 ->
                pick(List.of("clamp_min", "clamp_max")) + "(" + vector(depth - 1) + ", " + scalar(depth - 1) + ")";
            case 8 -> "round(" + vector(depth - 1) + ", " + pick(List.of("0.5", "10", "7", "0")) + ")";
            default -> pick(List.of("hour()", "minute()", "vector(time())", "-one", "+(-memory)", "one ^ 2"));
        };
    }

    private String scalar(int depth) {
        return switch (depth <= 0 ? random.nextInt(5) : random.nextInt(9)) {
            case 0 -> "time()";
            case 1 -> "pi()";
            case 2, 3 -> String.valueOf(random.nextInt(20));
            case 4 -> pick(List.of("0.25", "-3", "1e3", "NaN", "Inf", "-Inf", "0x1F", "017", "0", "100"));
            case 5 ->
                "(" + scalar(depth - 1) + pick(List.of(" + ", " * ", " - ", " / ", " % ", "^")) + scalar(depth - 1)
                        + ")";
            case 6 -> "scalar(" + vector(depth - 1) + ")";
            case 7 ->
                "(" + scalar(depth - 1) + pick(List.of(" > ", " == ", " <= ")) + "bool " + scalar(depth - 1) + ")";
            default -> "-" + scalar(depth - 1);
        };
    }
}
