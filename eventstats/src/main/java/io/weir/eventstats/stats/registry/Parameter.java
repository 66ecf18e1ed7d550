package io.weir.eventstats.stats.registry;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A parameter of a named query.
 *
 * @param defaultValue a Long, Double, Boolean or String as the type says; null for none, then a request may leave it out and SQL sees NULL, unless
 *     it is required
 * @param min smallest number, or least number of characters; null for no bound
 * @param max largest number, or greatest number of characters; null for no bound
 * @param allowed the only strings; empty for any
 */
public record Parameter(
        String name,
        ParameterType type,
        String description,
        boolean required,
        @Nullable Object defaultValue,
        @Nullable Long min,
        @Nullable Long max,
        List<String> allowed) {
    public Parameter {
        allowed = List.copyOf(allowed);
    }
}
