package io.weir.promql.engine;

import java.util.List;
import java.util.Random;

/**
 * Random queries that find something in {@link TestingData}.
 *
 * <p>They are of a kind whose values do not depend on how the series are split: sums and averages only of whole numbers.
 */
final class TestingQueries {
    private static final List<String> SELECTORS = List.of(
            "requests_total",
            "errors_total",
            "load",
            "memory",
            "load{job=\"api\"}",
            "memory{instance=~\"i[01]\"}",
            "{__name__=~\"load|memory\",env=\"prod\"}",
            "{job!=\"db\",__name__=~\".+\",__name__!~\".*bucket|.*info|changing|sizes|anything\"}",
            "durations",
            "depths",
            "sizes",
            "anything",
            "changing",
            "durations{job=\"api\"}",
            "anything{instance=~\"i[01]\"}",
            "{__name__=~\"durations|depths\"}",
            "{__name__=~\"durations|load\",env=\"test\"}",
            "latency_bucket",
            "job_info",
            "nothing_here");
    private static final List<String> HISTOGRAMS = List.of(
            "durations",
            "depths",
            "sizes",
            "anything",
            "changing",
            "durations{job=\"api\"}",
            "sizes{env=\"test\"}",
            "last_over_time(changing[2m])",
            "{__name__=~\"durations|depths\"}",
            "(durations or load)",
            "sum by (job) (sizes)");
    /** Histograms of fractions, whose sums depend on their order. */
    private static final List<String> FRACTIONS = List.of(
            "rate(durations[5m])",
            "increase(sizes[5m])",
            "avg without (instance) (durations)",
            "avg_over_time(changing[3m])",
            "sum_over_time(anything[3m])",
            "sum_over_time(depths[4m:30s])",
            "idelta(depths[5m])",
            "irate(durations[5m:])",
            "delta(anything[5m])",
            "rate(anything[5m])");

    /** A parameter that no worker knows. */
    private static final String FROM_DATA = "scalar(memory{job=\"api\",instance=\"i0\"})";

    private static final List<String> RANGES = List.of("1m", "5m", "10m", "90s");
    private static final List<String> GROUPINGS = List.of(
            "", " by (job)", " by (job, env)", " without (instance)", " by (__name__)", " by (le)", " by (absent)");
    private static final List<String> ANY_RANGE_FUNCTIONS = List.of(
            "rate",
            "increase",
            "delta",
            "irate",
            "idelta",
            "deriv",
            "avg_over_time",
            "stddev_over_time",
            "quantile_over_time",
            "count_distinct_over_time",
            "top_k_over_time",
            "predict_linear");
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

    private final Random random;

    TestingQueries(Random random) {
        this.random = random;
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    /** An instant vector, or now and then a scalar. */
    String query() {
        return random.nextInt(20) == 0 ? scalar(3) : vector(1 + random.nextInt(4));
    }

    private String selector() {
        String modifiers = switch (random.nextInt(12)) {
            case 0 -> " offset 3m";
            case 1 -> " offset -2m";
            case 2 -> " @ 1800";
            case 3 -> " @ start()";
            case 4 -> " @ end() offset 1m";
            default -> "";
        };
        return pick(SELECTORS) + modifiers;
    }

    private String ranged(String function, String expression, boolean isSelector) {
        String matrix = isSelector
                ? withRange(expression, extension(function))
                : "(" + expression + ")[" + pick(RANGES) + ":" + resolution() + "]";
        return switch (function) {
            case "quantile_over_time" ->
                "quantile_over_time(" + pick(List.of("0.5", "0", "1.2", "-1", FROM_DATA)) + ", " + matrix + ")";
            case "top_k_over_time" ->
                "top_k_over_time(" + pick(List.of("1", "2", "1000", "0", "time() % 4", FROM_DATA)) + ", " + matrix
                        + ")";
            case "predict_linear" -> "predict_linear(" + matrix + ", " + pick(List.of("60", FROM_DATA)) + ")";
            default -> function + "(" + matrix + ")";
        };
    }

    /** Now and then a modifier that the function goes with. */
    private String extension(String function) {
        return switch (function) {
            case "rate", "increase", "delta" -> random.nextInt(4) == 0 ? pick(List.of(" anchored", " smoothed")) : "";
            case "changes", "resets" -> random.nextInt(4) == 0 ? " anchored" : "";
            default -> "";
        };
    }

    private String withRange(String selector, String extension) {
        int modifiers = selector.indexOf(" @");
        int offset = selector.indexOf(" offset");
        int at = modifiers < 0 ? offset : offset < 0 ? modifiers : Math.min(modifiers, offset);
        String range = "[" + pick(RANGES) + "]" + extension;
        return at < 0 ? selector + range : selector.substring(0, at) + range + selector.substring(at);
    }

    private String resolution() {
        return pick(List.of("", "30s", "1m", "7s"));
    }

    /** A vector of whole numbers (or NaN or infinite ones). */
    private String whole(int depth) {
        if (depth <= 0) {
            return selector();
        }
        return switch (random.nextInt(10)) {
            case 9 -> "histogram_" + pick(List.of("count", "sum")) + "(" + whole(depth - 1) + ")";
            case 0 -> ranged(pick(WHOLE_RANGE_FUNCTIONS), selector(), true);
            case 1 -> ranged(pick(WHOLE_RANGE_FUNCTIONS), whole(depth - 1), false);
            case 2 -> pick(List.of("abs", "ceil", "floor", "sgn", "-")) + "(" + whole(depth - 1) + ")";
            case 3 -> whole(depth - 1) + pick(List.of(" + ", " - ", " * ")) + random.nextInt(9);
            case 4 ->
                "(" + whole(depth - 1) + pick(List.of(" > ", " <= ", " == bool ", " != ")) + random.nextInt(99) + ")";
            case 5 -> pick(List.of("sum", "count", "min", "max", "group")) + grouping() + "(" + whole(depth - 1) + ")";
            case 6 ->
                pick(List.of("topk", "bottomk")) + grouping() + "(" + random.nextInt(4) + ", " + whole(depth - 1) + ")";
            case 7 -> "(" + whole(depth - 1) + ")";
            default -> selector();
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
            case 16 -> histogram(depth);
            case 17 -> "avg" + grouping() + "(" + pick(HISTOGRAMS) + ")";
            case 18 ->
                pick(List.of("limit_ratio", "limitk")) + grouping() + "(" + pick(List.of("1", "0.5", "-0.5", "2"))
                        + ", " + vector(depth - 1) + ")";
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
            case 10 -> pick(List.of("min", "max", "count", "group")) + grouping() + "(" + vector(depth - 1) + ")";
            case 11 -> pick(List.of("avg", "sum")) + grouping() + "(" + whole(depth - 1) + ")";
            case 12 ->
                pick(List.of("topk", "bottomk", "quantile", "limitk")) + grouping() + "("
                        + pick(List.of("1", "2", "0.5")) + ", " + vector(depth - 1) + ")";
            case 13 -> "count_values" + grouping() + "(\"value\", " + whole(depth - 1) + ")";
            case 14 -> special(depth);
            default -> pick(List.of("timestamp", "hour", "sqrt", "absent")) + "(" + vector(depth - 1) + ")";
        };
    }

    /** A vector made with native histograms. */
    private String histogram(int depth) {
        return switch (random.nextInt(13)) {
            case 10 -> pick(FRACTIONS);
            case 11 -> "histogram_" + pick(List.of("count", "sum", "avg", "stddev")) + "(" + pick(FRACTIONS) + ")";
            case 12 ->
                "(" + pick(FRACTIONS) + ")" + pick(List.of(" + ", " - ", " / ", " == ")) + "(" + pick(HISTOGRAMS) + ")";
            case 0 -> "histogram_quantile(" + pick(List.of("0.9", "0", "0.5")) + ", " + vector(depth - 1) + ")";
            case 1 -> "histogram_fraction(0, " + pick(List.of("1", "3", "7")) + ", " + vector(depth - 1) + ")";
            case 2 ->
                "histogram_" + pick(List.of("count", "sum", "avg", "stddev", "stdvar")) + "(" + pick(HISTOGRAMS) + ")";
            case 3 -> "histogram_count(" + pick(List.of("sum", "avg")) + grouping() + "(" + pick(HISTOGRAMS) + "))";
            case 4 -> "(" + pick(HISTOGRAMS) + pick(List.of(" </ ", " >/ ")) + scalar(0) + ")";
            case 5 -> "(" + vector(depth - 1) + ")" + pick(List.of(" * ", " / ", " + ", " == ")) + scalar(0);
            case 6 ->
                "(" + pick(HISTOGRAMS) + ")"
                        + pick(List.of(" + ", " - ", " == ", " != ", " == bool ", " * ", " > bool ", " </ ", " and "))
                        + pick(List.of("", "ignoring (env) ", "on (job, instance) "))
                        + "(" + pick(List.of("load", "durations", "sizes", "depths", "anything", "changing")) + ")";
            case 7 -> "-(" + vector(depth - 1) + ")";
            case 8 -> "count_values" + grouping() + "(\"value\", " + pick(HISTOGRAMS) + ")";
            default -> pick(List.of("absent", "timestamp", "abs", "sort")) + "(" + pick(HISTOGRAMS) + ")";
        };
    }

    private String special(int depth) {
        return switch (random.nextInt(7)) {
            case 0 -> "histogram_quantile(" + pick(List.of("0.9", "0.1", "2")) + ", " + vector(depth - 1) + ")";
            case 1 -> "histogram_quantile(0.5, sum by (le) (latency_bucket))";
            case 2 -> "label_replace(" + vector(depth - 1) + ", \"dst\", \"$1\", \"job\", \"(.).*\")";
            case 3 -> "label_join(" + vector(depth - 1) + ", \"job\", \"-\", \"env\", \"job\")";
            case 4 -> pick(List.of("sort", "sort_desc")) + "(" + vector(depth - 1) + ")";
            case 5 -> "absent_over_time(" + withRange(selector(), "") + ")";
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
