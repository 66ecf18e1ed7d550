package io.weir.ingest.remotewrite;

import io.weir.lake.catalog.MetricMetadata;
import java.util.List;

/** Takes the metadata of metrics on its way into the catalog. Thread-safe; returns at once. */
@FunctionalInterface
public interface MetadataSink {
    /** Takes a copy of the list; what does not fit may be dropped, because senders repeat metadata. */
    void offer(String tenant, List<MetricMetadata> metadata);
}
