package io.weir.promql.testlang;

import io.weir.promql.labels.Labels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an engine answered: the value, and the annotations as Prometheus prints them, with position
 * ({@code PromQL warning: ... (1:5)}).
 */
public record TestResult(Value value, List<String> warnings, List<String> infos) {
    public TestResult {
        warnings = List.copyOf(warnings);
        infos = List.copyOf(infos);
    }

    /** The value of a query. */
    public sealed interface Value {
        record Scalar(double value) implements Value {}

        record Text(String value) implements Value {}

        /** An instant vector in the engine's order; every row has one point. */
        record Vector(List<Row> rows) implements Value {
            public Vector {
                rows = List.copyOf(rows);
            }
        }

        /** A range vector, or the answer to a range query, sorted by labels. */
        record Matrix(List<Row> rows) implements Value {
            public Matrix {
                rows = List.copyOf(rows);
            }
        }
    }

    /** A series with its points in ascending order of time. */
    public record Row(Labels labels, List<Point> points) {
        public Row {
            points = List.copyOf(points);
        }
    }

    /**
     * A sample.
     *
     * @param histogram null for a float
     */
    public record Point(
            long timestampMillis, double value, @Nullable HistogramLiteral histogram) {
        public Point(long timestampMillis, double value) {
            this(timestampMillis, value, null);
        }

        @Override
        public String toString() {
            return (histogram == null ? String.valueOf(value) : histogram.toString()) + "@" + timestampMillis;
        }
    }
}
