package io.weir.promql.annotation;

import io.weir.promql.ast.PositionRange;

/**
 * A warning or an info about a query. The text has no position; {@link #render} adds it as Prometheus does.
 *
 * @param position where in the query; {@link PositionRange#NONE} if nowhere
 */
public record Annotation(Level level, String text, PositionRange position) {
    /** Warnings say the result may be wrong, infos that the query may not mean what it says. */
    public enum Level {
        WARNING,
        INFO
    }

    /** The message with its position: {@code text (1:5)}. */
    public String render(String query) {
        return position.equals(PositionRange.NONE) ? text : text + " (" + position.startPosition(query) + ")";
    }
}
