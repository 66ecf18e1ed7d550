package io.weir.promql.ast;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the two sides of a vector operation are matched.
 *
 * @param on whether {@code labels} are the ones to match on (else the ones to ignore)
 * @param include labels copied from the "one" side by group_left or group_right
 * @param fillLeft value for missing left elements (fill or fill_left), or null
 * @param fillRight value for missing right elements (fill or fill_right), or null
 */
public record VectorMatching(
        Cardinality cardinality,
        boolean on,
        List<String> labels,
        List<String> include,
        @Nullable Double fillLeft,
        @Nullable Double fillRight) {
    public static final VectorMatching DEFAULT =
            new VectorMatching(Cardinality.ONE_TO_ONE, false, List.of(), List.of(), null, null);

    /** How many elements of each side may match. */
    public enum Cardinality {
        ONE_TO_ONE,
        /** group_left. */
        MANY_TO_ONE,
        /** group_right. */
        ONE_TO_MANY,
        /** Set operators. */
        MANY_TO_MANY
    }

    public VectorMatching {
        labels = List.copyOf(labels);
        include = List.copyOf(include);
    }
}
