package io.weir.promql.differential;

import io.weir.promql.labels.Labels;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Says how an answer differs from the expected one. */
final class AnswerComparer {
    private static final double RELATIVE_TOLERANCE = 1e-9;
    /* Which of several duplicates is named is not part of the language. */
    private static final Pattern DUPLICATE_EXAMPLE = Pattern.compile(
            "(?s)(found duplicate series for the match group ).*( hand-side of the operation: ).*;(.*)");

    private AnswerComparer() {}

    /**
     * The first difference, or nothing.
     *
     * @param isOrdered whether the order of the series is part of the answer
     */
    static Optional<String> difference(Answer expected, Answer actual, boolean isOrdered) {
        if (!expected.type().equals(actual.type())) {
            return Optional.of("type " + expected.type() + " and " + actual.type());
        }
        if (!generalized(expected.text()).equals(generalized(actual.text()))) {
            return Optional.of("text");
        }
        if (expected.rows().size() != actual.rows().size()) {
            return Optional.of("number of series " + expected.rows().size() + " and "
                    + actual.rows().size());
        }
        Map<Labels, Answer.Row> byLabels = new HashMap<>();
        for (Answer.Row row : actual.rows()) {
            if (byLabels.put(row.labels(), row) != null) {
                return Optional.of("labels twice " + row.labels());
            }
        }
        for (int i = 0; i < expected.rows().size(); i++) {
            Answer.Row row = expected.rows().get(i);
            Answer.Row other = byLabels.get(row.labels());
            if (other == null) {
                return Optional.of("labels " + row.labels() + " missing");
            }
            if (isOrdered && !row.labels().equals(actual.rows().get(i).labels())) {
                return Optional.of("order at " + i);
            }
            Optional<String> difference = difference(row, other);
            if (difference.isPresent()) {
                return difference;
            }
        }
        return Optional.empty();
    }

    private static String generalized(String text) {
        return DUPLICATE_EXAMPLE.matcher(text).replaceFirst("$1...$2...;$3");
    }

    private static Optional<String> difference(Answer.Row expected, Answer.Row actual) {
        if (!Arrays.equals(expected.timestampsMillis(), actual.timestampsMillis())) {
            return Optional.of("timestamps of " + expected.labels());
        }
        for (int i = 0; i < expected.values().length; i++) {
            double a = expected.values()[i];
            double b = actual.values()[i];
            if (!isClose(a, b)) {
                return Optional.of("value of " + expected.labels() + " at " + expected.timestampsMillis()[i] + ": " + a
                        + " and " + b);
            }
        }
        return Optional.empty();
    }

    static boolean isClose(double a, double b) {
        return (Double.isNaN(a) && Double.isNaN(b))
                || a == b
                || Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
    }
}
