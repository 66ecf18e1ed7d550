package io.weir.promql.exec;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.labels.RegularExpressions;
import io.weir.promql.plan.PlanNode;
import java.util.BitSet;
import java.util.Objects;
import java.util.stream.Collectors;

/** label_replace and label_join (Prometheus 3.14, promql/functions.go). */
final class LabelFunctions {
    private LabelFunctions() {}

    static VectorOperator replace(PlanNode.LabelReplace node, VectorOperator child) {
        Pattern pattern;
        try {
            pattern = RegularExpressions.compile(node.regex());
        } catch (IllegalArgumentException e) {
            throw new QueryException.Execution("invalid regular expression in label_replace(): " + node.regex());
        }
        requireValid(node.target(), "invalid destination label name in label_replace(): ");
        Template template = Template.parse(node.replacement());
        BitSet drops = (BitSet) child.dropsName().clone();
        Labels[] changed = new Labels[child.series().size()];
        for (int i = 0; i < changed.length; i++) {
            Labels labels = child.series().get(i);
            Matcher matcher = pattern.matcher(labels.get(node.sourceLabel()));
            boolean matches = matcher.matches();
            changed[i] = matches ? labels.with(node.target(), template.expand(matcher)) : labels;
            if (matches && node.target().equals(Labels.METRIC_NAME)) {
                drops.clear(i);
            }
        }
        return new ElementOperators.Relabel(child, LabelMapping.of(java.util.List.of(changed), drops));
    }

    static VectorOperator join(PlanNode.LabelJoin node, VectorOperator child) {
        requireValid(node.target(), "invalid destination label name in label_join(): ");
        node.sourceLabels().forEach(name -> requireValid(name, "invalid source label name in label_join(): "));
        BitSet drops = node.target().equals(Labels.METRIC_NAME)
                ? new BitSet()
                : (BitSet) child.dropsName().clone();
        return new ElementOperators.Relabel(
                child,
                LabelMapping.of(
                        child.series().stream()
                                .map(labels -> labels.with(node.target(), joined(node, labels)))
                                .toList(),
                        drops));
    }

    private static String joined(PlanNode.LabelJoin node, Labels labels) {
        return node.sourceLabels().stream().map(labels::get).collect(Collectors.joining(node.separator()));
    }

    private static void requireValid(String name, String message) {
        if (!Labels.isValidName(name)) {
            throw new QueryException.Execution(message + name);
        }
    }

    /** A replacement with {@code $1}, <code>${1}</code>, {@code $name} and {@code $$}, as Go's regexp.Expand reads it. */
    static final class Template {
        private final String text;

        private Template(String text) {
            this.text = text;
        }

        static Template parse(String text) {
            return new Template(text);
        }

        String expand(Matcher matcher) {
            StringBuilder result = new StringBuilder();
            int at = 0;
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c != '$') {
                    result.append(c);
                    at++;
                } else if (text.startsWith("$$", at)) {
                    result.append('$');
                    at += 2;
                } else {
                    at = expandReference(matcher, at, result);
                }
            }
            return result.toString();
        }

        /** Returns where to go on; a dollar that starts no reference stands for itself. */
        private int expandReference(Matcher matcher, int dollar, StringBuilder result) {
            boolean braced = text.startsWith("{", dollar + 1);
            int start = dollar + (braced ? 2 : 1);
            int end = start;
            while (end < text.length() && isNameCharacter(text.charAt(end))) {
                end++;
            }
            boolean closed = !braced || (end < text.length() && text.charAt(end) == '}');
            if (end == start || !closed) {
                result.append('$');
                return dollar + 1;
            }
            result.append(group(matcher, text.substring(start, end)));
            return braced ? end + 1 : end;
        }

        private static boolean isNameCharacter(char c) {
            return c == '_' || Character.isLetterOrDigit(c);
        }

        private static String group(Matcher matcher, String name) {
            boolean numeric = name.chars().allMatch(c -> c >= '0' && c <= '9');
            if (numeric) {
                int number = name.length() > 6 ? Integer.MAX_VALUE : Integer.parseInt(name);
                return number <= matcher.groupCount() ? Objects.requireNonNullElse(matcher.group(number), "") : "";
            }
            return matcher.pattern().namedGroups().containsKey(name)
                    ? Objects.requireNonNullElse(matcher.group(name), "")
                    : "";
        }
    }
}
