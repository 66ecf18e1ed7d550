package io.weir.lake.artifact;

import io.weir.promql.aggregate.HistogramCell;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads one artifact row by row in the order (step time, series), which it asserts. Holds one row group at a time. Not
 * thread-safe. A file that is no valid artifact is a {@link CorruptArtifactException}.
 */
public interface ArtifactCursor extends AutoCloseable {
    StateLayout layout();

    /** Label sets by series ordinal, sorted and unique. */
    List<Labels> series();

    List<Annotation> annotations();

    /** Moves to the next row; false at the end. */
    boolean next();

    long stepMillis();

    int seriesOrdinal();

    double v();

    /** Second state column, see {@link StateLayout}. */
    double c();

    /** Count column, see {@link StateLayout}. */
    long n();

    /** The row's histogram, or null; {@code v} is then as in {@link io.weir.promql.leaf.LeafColumns}. */
    @Nullable
    HistogramCell h();

    /** The bytes of a row of {@link ArtifactWriter#writeCells}; null where there are none, or the artifact has no such column. */
    byte @Nullable [] cell();

    @Override
    void close();
}
