package io.weir.ingest.retention;

import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.segment.SegmentMeta;
import io.weir.lake.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Deletes the objects of segments that compaction or retention took out of the catalog, after a time of grace for the queries that still read
 * them; then forgets them. Any number of processes may do so at the same time. Thread-safe.
 */
public final class GarbageCollector {
    private final IngestCatalog catalog;
    private final ObjectStore store;
    private final long graceMillis;
    private final int garbageMax;

    /** @param garbageMax segments deleted at one look */
    public GarbageCollector(IngestCatalog catalog, ObjectStore store, long graceMillis, int garbageMax) {
        this.catalog = catalog;
        this.store = store;
        this.graceMillis = graceMillis;
        this.garbageMax = garbageMax;
    }

    /**
     * Returns how many segments are gone.
     *
     * @throws IOException if the store fails; what is not deleted is garbage still
     */
    public int collect() throws IOException {
        List<String> deleted = new ArrayList<>();
        try {
            for (SegmentMeta meta : catalog.garbage(graceMillis, garbageMax)) {
                store.delete(meta.blocksKey());
                store.delete(meta.seriesKey());
                deleted.add(meta.id());
            }
        } finally {
            if (!deleted.isEmpty()) {
                catalog.forget(deleted);
            }
        }
        return deleted.size();
    }
}
