package io.weir.language;

import java.util.List;
import java.util.Random;

/** Random queries that find something in {@link TestingRandomSeries}. */
final class TestingRandomQueries {
    private static final List<String> SELECTORS = List.of(
            "requests_total",
            "errors_total",
            "load",
            "memory",
            "load{job=\"api\"}",
            "memory{instance=~\"i[01]\"}",
            "requests_total{env=\"\"}",
            "load{env!=\"prod\"}",
            "{__name__=~\"load|memory\",env=\"prod\"}",
            "{job!=\"db\",__name__=~\".+\",__name__!~\".*bucket|.*info\"}",
            "{__name__=~\".+\",job=~\"é.*\"}",
            "latency_bucket",
            "job_info",
            "durations",
            "anything",
            "nothing_here");
    private static final List<String> RANGES = List.of("1m", "5m", "10m", "90s", "45m");
    private static final List<String> GROUPINGS = List.of(
            "",
            " by ()",
            " by (job)",
            " by (job, env)",
            " without (instance)",
            " by (__name__)",
            " by (le)",
            " by (absent)",
            " without (job, env)");
    private static final List<String> ANY_RANGE_FUNCTIONS = List.of(
            "rate",
            "increase",
            "delta",
            "irate",
            "idelta",
            "deriv",
            "avg_over_time",
            "stddev_over_time",
            "stdvar_over_time",
            "mad_over_time",
            "quantile_over_time",
            "count_distinct_over_time",
            "top_k_over_time",
            "predict_linear",
            "ts_of_max_over_time",
            "ts_of_last_over_time",
            "double_exponential_smoothing");
    private static final List<String> WHOLE_RANGE_FUNCTIONS = List.of(
            "sum_over_time",
            "min_over_time",
            "max_over_time",
            "count_over_time",
            "last_over_time",
            "first_over_time",
            "present_over_time",
            "changes",
            "resets");
    private static final List<String> HISTOGRAMS = List.of(
            "durations",
            "depths",
            "sizes",
            "anything",
            "sizes offset 2m",
            "{__name__=~\"durations|anything\",job!=\"web\"}");
    /* %1$s is a selector, %2$s a range vector of it, %3$s a grouping; sums are of whole numbers. */
    private static final List<String> HISTOGRAM_QUERIES = List.of(
            "%1$s",
            "rate(%2$s)",
            "irate(%2$s)",
            "delta(%2$s)",
            "sum_over_time(%2$s)",
            "last_over_time(%2$s)",
            "resets(%2$s)",
            "changes(%2$s)",
            "count_over_time(%2$s)",
            "histogram_count(%1$s)",
            "histogram_avg(increase(%2$s))",
            "histogram_stddev(%1$s)",
            "histogram_quantile(0.9, rate(%2$s))",
            "histogram_quantile(0.3, %1$s)",
            "histogram_quantiles(%1$s, \"q\", 0.1, time() / 2000000000)",
            "histogram_fraction(0.7, 3, %1$s)",
            "histogram_quantile(0.5, sum%3$s(%1$s))",
            "sum%3$s(%1$s)",
            "count%3$s(%1$s)",
            "max%3$s(%1$s)",
            "histogram_sum(sum%3$s(%1$s))",
            "count_values%3$s(\"value\", %1$s)",
            "limitk%3$s(1, %1$s)",
            "%1$s * 2 + %1$s",
            "%1$s - ignoring (env) %1$s",
            "%1$s </ 2.5",
            "0.5 < %1$s",
            "%1$s == %1$s",
            "rate(%1$s[5m:45s])",
            "-%1$s",
            "abs(%1$s) or %1$s");
    private static final List<String> FRACTION_AGGREGATIONS = List.of("sum", "avg", "stddev", "stdvar");

    private final Random random;

    TestingRandomQueries(Random random) {
        this.random = random;
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    /** A query whose values do not depend on how the series are split: sums and averages only of whole numbers. */
    String query() {
        return switch (random.nextInt(20)) {
            case 0 -> scalar(3);
            case 1 -> selector();
            case 2, 3, 4, 5 -> histogramQuery();
            default -> vector(1 + random.nextInt(4));
        };
    }

    /** A query that merges sums of fractions, and nothing after that makes a small difference a big one. */
    String fractionQuery() {
        String inner = switch (random.nextInt(4)) {
            case 0 -> ranged("rate", selector(), true);
            case 1 -> ranged("avg_over_time", selector(), true);
            case 2 -> selector() + " * 0.1";
            default -> selector();
        };
        String query = pick(FRACTION_AGGREGATIONS) + pick(GROUPINGS) + " (" + inner + ")";
        return random.nextInt(4) == 0 ? query + " * " + (1 + random.nextInt(9)) : query;
    }

    private String histogramQuery() {
        String selector = pick(HISTOGRAMS);
        return String.format(pick(HISTOGRAM_QUERIES), selector, withRange(selector), pick(GROUPINGS));
    }

    private String selector() {
        long middle = TestingRandomSeries.START_MILLIS / 1000 + 1800;
        String modifiers = switch (random.nextInt(12)) {
            case 0 -> " offset 3m";
            case 1 -> " offset -2m";
            case 2 -> " @ " + middle;
            case 3 -> " @ start()";
            case 4 -> " @ end() offset 1m";
            default -> "";
        };
        return pick(SELECTORS) + modifiers;
    }

    private String ranged(String function, String expression, boolean isSelector) {
        String matrix = isSelector
                ? withRange(expression)
                : "(" + expression + ")[" + pick(RANGES) + ":" + pick(List.of("", "30s", "1m", "7s")) + "]";
        return switch (function) {
            case "quantile_over_time" ->
                "quantile_over_time(" + pick(List.of("0.5", "0", "1.2", "-1")) + ", " + matrix + ")";
            case "top_k_over_time" -> "top_k_over_time(" + pick(List.of("1", "3", "1000")) + ", " + matrix + ")";
            case "predict_linear" -> "predict_linear(" + matrix + ", 60)";
            case "double_exponential_smoothing" -> "double_exponential_smoothing(" + matrix + ", 0.5, 0.3)";
            default -> function + "(" + matrix + ")";
        };
    }

    private String withRange(String selector) {
        int at = selector.indexOf(" @");
        int offset = selector.indexOf(" offset");
        int modifiers = at < 0 ? offset : offset < 0 ? at : Math.min(at, offset);
        String range = "[" + pick(RANGES) + "]";
        return modifiers < 0
                ? selector + range
                : selector.substring(0, modifiers) + range + selector.substring(modifiers);
    }

    /** A vector of whole numbers (or NaN or infinite ones). */
    private String whole(int depth) {
        if (depth <= 0) {
            return selector();
        }
        return switch (random.nextInt(9)) {
            case 0 -> ranged(pick(WHOLE_RANGE_FUNCTIONS), selector(), true);
            case 1 -> ranged(pick(WHOLE_RANGE_FUNCTIONS), whole(depth - 1), false);
            case 2 -> pick(List.of("abs", "ceil", "floor", "sgn", "-")) + "(" + whole(depth - 1) + ")";
            case 3 -> whole(depth - 1) + pick(List.of(" + ", " - ", " * ")) + random.nextInt(9);
            case 4 -> whole(depth - 1) + pick(List.of(" > ", " <= ", " == bool ", " != ")) + random.nextInt(99);
            case 5 ->
                pick(List.of("sum", "count", "min", "max", "group")) + pick(GROUPINGS) + "(" + whole(depth - 1) + ")";
            case 6 ->
                pick(List.of("topk", "bottomk")) + pick(GROUPINGS) + "(" + random.nextInt(4) + ", " + whole(depth - 1)
                        + ")";
            case 7 -> "(" + whole(depth - 1) + ")";
            default -> selector();
        };
    }

    private String vector(int depth) {
        if (depth <= 0) {
            return selector();
        }
        return switch (random.nextInt(16)) {
            case 0, 1 -> whole(depth);
            case 2, 3 -> ranged(pick(ANY_RANGE_FUNCTIONS), selector(), true);
            case 4 -> ranged(pick(ANY_RANGE_FUNCTIONS), vector(depth - 1), false);
            case 5 -> "round(" + vector(depth - 1) + ", " + scalar(depth - 1) + ")";
            case 6 -> vector(depth - 1) + pick(List.of(" / ", " ^ ", " % ", " < ", " >= bool ")) + scalar(depth - 1);
            case 7 -> scalar(depth - 1) + pick(List.of(" / ", " - ", " < ", " == ")) + vector(depth - 1);
            case 8 ->
                "(" + vector(depth - 1) + ")"
                        + pick(List.of(" + ", " / ", " > ", " == bool ", " and ", " or ", " unless "))
                        + pick(List.of("", "ignoring (instance) ", "on (job, instance) "))
                        + "(" + vector(depth - 1) + ")";
            case 9 -> "(" + vector(depth - 1) + ") * on (job) group_left (team) job_info";
            case 10 -> pick(List.of("min", "max", "count", "group")) + pick(GROUPINGS) + "(" + vector(depth - 1) + ")";
            case 11 -> pick(List.of("avg", "sum")) + pick(GROUPINGS) + "(" + whole(depth - 1) + ")";
            case 12 ->
                pick(List.of("topk", "bottomk", "quantile", "limitk", "limit_ratio")) + pick(GROUPINGS) + "("
                        + pick(List.of("1", "2", "0.5", "-0.3")) + ", " + vector(depth - 1) + ")";
            case 13 -> "count_values" + pick(GROUPINGS) + "(\"value\", " + whole(depth - 1) + ")";
            case 14 -> special(depth);
            default -> pick(List.of("timestamp", "hour", "sqrt", "absent")) + "(" + vector(depth - 1) + ")";
        };
    }

    private String special(int depth) {
        return switch (random.nextInt(8)) {
            case 0 -> "histogram_quantile(" + pick(List.of("0.9", "0.1", "2")) + ", " + vector(depth - 1) + ")";
            case 1 -> "histogram_quantile(0.5, sum by (le) (latency_bucket))";
            case 2 -> "label_replace(" + vector(depth - 1) + ", \"dst\", \"$1\", \"job\", \"(.).*\")";
            case 3 -> "label_join(" + vector(depth - 1) + ", \"job\", \"-\", \"env\", \"job\")";
            case 4 -> pick(List.of("sort", "sort_desc")) + "(" + vector(depth - 1) + ")";
            case 5 -> "absent_over_time(" + withRange(selector()) + ")";
            case 6 -> "sort_by_label(" + vector(depth - 1) + ", \"job\", \"instance\")";
            default -> "vector(" + scalar(depth - 1) + ")";
        };
    }

    private String scalar(int depth) {
        return switch (depth <= 0 ? random.nextInt(4) : random.nextInt(7)) {
            case 0 -> "time()";
            case 1 -> "pi()";
            case 2, 3 -> String.valueOf(random.nextInt(20));
            case 4 -> "(" + scalar(depth - 1) + pick(List.of(" + ", " * ", " - ")) + scalar(depth - 1) + ")";
            case 5 -> "scalar(" + vector(depth - 1) + ")";
            default -> "-" + scalar(depth - 1);
        };
    }
}
