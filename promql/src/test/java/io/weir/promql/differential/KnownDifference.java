package io.weir.promql.differential;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** What is different on purpose between Prometheus 3.14, which this project follows, and the program compared with. */
enum KnownDifference {
    ORDER_OF_EQUALS("the order of equal values and of the groups of topk and bottomk is unspecified") {
        @Override
        boolean explains(String query, Answer expected, Answer actual) {
            if (AnswerComparer.difference(expected, actual, false).isPresent()) {
                return false;
            }
            return query.matches("(?s)(topk|bottomk) *(by|without).*")
                    || (query.matches("(?s)(sort|sort_desc|topk|bottomk)\\b.*") && hasSameValues(expected, actual));
        }
    },
    CHOICE_OF_EQUALS("which of several equal values topk and bottomk choose is unspecified") {
        @Override
        boolean explains(String query, Answer expected, Answer actual) {
            return TOP.matcher(query).find() && expected.type().equals(actual.type()) && !expected.isError();
        }
    },
    UNIQUE_BEFORE_FILTER("3.x wants matches to be unique before and not after a comparison leaves elements out") {
        @Override
        boolean explains(String query, Answer expected, Answer actual) {
            return COMPARISON.matcher(query).find() && actual.text().startsWith("multiple matches for labels: ");
        }
    },
    NUMBERS_AS_DURATIONS("3.x takes numbers for durations and the reverse, and says so where neither is found") {
        @Override
        boolean explains(String query, Answer expected, Answer actual) {
            return DURATION.matcher(expected.text()).find();
        }
    };

    private static final Pattern TOP = Pattern.compile("\\b(topk|bottomk)\\b");
    private static final Pattern COMPARISON = Pattern.compile("[<>]|[!=]=");
    private static final Pattern DURATION = Pattern.compile("parse error: .*(duration|number)");

    private static boolean hasSameValues(Answer expected, Answer actual) {
        for (int i = 0; i < expected.rows().size(); i++) {
            if (!AnswerComparer.isClose(
                    expected.rows().get(i).values()[0], actual.rows().get(i).values()[0])) {
                return false;
            }
        }
        return true;
    }

    private final String reason;

    KnownDifference(String reason) {
        this.reason = reason;
    }

    String reason() {
        return reason;
    }

    abstract boolean explains(String query, Answer expected, Answer actual);

    static Optional<KnownDifference> explaining(String query, Answer expected, Answer actual) {
        return Arrays.stream(values())
                .filter(known -> known.explains(query, expected, actual))
                .findFirst();
    }
}
