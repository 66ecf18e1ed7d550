package io.weir.promql.annotation;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The annotations of one evaluation, each kept once, at most {@link #LIMIT} of them. Not thread-safe. */
public final class Annotations {
    /** Bound on distinct annotations kept; Prometheus returns at most 10 of each level. */
    public static final int LIMIT = 1000;

    private final Set<Annotation> entries = new LinkedHashSet<>();

    public void add(Annotation annotation) {
        if (entries.size() < LIMIT) {
            entries.add(annotation);
        }
    }

    public void addAll(Collection<Annotation> annotations) {
        annotations.forEach(this::add);
    }

    public List<Annotation> list() {
        return List.copyOf(entries);
    }
}
