package io.weir.promql.testlang;

import io.weir.promql.labels.Labels;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A parsed test file. Lines count from 1. */
public record TestFile(String name, List<Statement> statements) {
    public TestFile {
        statements = List.copyOf(statements);
    }

    /** A statement of a test file. */
    public sealed interface Statement {
        int line();
    }

    /** Forget all data. */
    public record Clear(int line) implements Statement {}

    /**
     * Add samples to what is there.
     *
     * @param withCustomBuckets {@code load_with_nhcb}: also add the native histograms with custom buckets that the classic
     *     histograms among the series stand for
     */
    public record Load(int line, boolean withCustomBuckets, List<TestSeries> series) implements Statement {
        public Load {
            series = List.copyOf(series);
        }
    }

    /**
     * Evaluate and compare.
     *
     * @param times null-free grid; for an instant query start and end are the time and the step is 0
     * @param expectations what must or must not accompany the result
     * @param result what must come out; empty with an expected failure
     */
    public record Eval(int line, String expression, Times times, List<Expectation> expectations, Expected result)
            implements Statement {
        public Eval {
            expectations = List.copyOf(expectations);
        }

        boolean expects(Kind kind) {
            return expectations.stream().anyMatch(expectation -> expectation.kind() == kind);
        }
    }

    public record Times(boolean isRange, long startMillis, long endMillis, long stepMillis) {}

    /** What an expect line is about. */
    public enum Kind {
        ORDERED,
        FAIL,
        WARN,
        NO_WARN,
        INFO,
        NO_INFO
    }

    /** An expect line; without message and pattern any text will do. */
    public record Expectation(
            Kind kind, @Nullable String message, @Nullable Pattern pattern) {
        boolean matches(String text) {
            if (message != null) {
                return message.equals(text);
            }
            return pattern == null || pattern.matcher(text).find();
        }

        @Override
        public String toString() {
            return message != null ? message : pattern != null ? "/" + pattern + "/" : "any message";
        }
    }

    /** The result a query must have. */
    public sealed interface Expected {
        record Scalar(double value) implements Expected {}

        record Text(String value) implements Expected {}

        /**
         * Series with one value (instant vector) or one per step (matrix).
         *
         * @param grid the steps of a matrix; null for an instant vector
         */
        record Series(List<ExpectedSeries> series, @Nullable Times grid) implements Expected {
            public Series {
                series = List.copyOf(series);
            }
        }
    }

    public record ExpectedSeries(int line, Labels labels, List<SequenceValue> values) {
        public ExpectedSeries {
            values = List.copyOf(values);
        }
    }
}
