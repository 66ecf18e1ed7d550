package io.weir.promql.differential;

import java.util.Arrays;
import java.util.Optional;

/** What is different on purpose between Prometheus 3.14, which this project follows, and the program compared with. */
enum KnownDifference {
    TOP_ORDER("the order of groups and ties of topk and bottomk is unspecified") {
        @Override
        boolean explains(String query, Answer expected, Answer actual) {
            return query.matches("(?s)(topk|bottomk)\\b.*")
                    && AnswerComparer.difference(expected, actual, false).isEmpty();
        }
    };

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
