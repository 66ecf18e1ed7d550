package io.weir.lake.catalog;

import io.weir.lake.database.DatabaseUnavailableException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a reader asks the catalog. Thread-safe. Unreachable or slow PostgreSQL is a {@link DatabaseUnavailableException}. */
public interface SegmentCatalog {
    SegmentSelection find(SegmentQuery query);

    /** Which of these segments are still current; the others were replaced by compaction or deleted. */
    Set<String> current(String tenant, Set<String> segmentIds);

    /**
     * Metadata by metric name.
     *
     * @param metric only this metric, or empty for all
     * @param limit most metrics returned; negative for all
     */
    Map<String, List<MetricMetadata>> metadata(String tenant, String metric, int limit);
}
