package io.weir.ingest.flush;

import io.weir.ingest.remotewrite.MetadataSink;
import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.catalog.MetricMetadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Metadata on its way into the catalog. What the catalog has already is not sent again; what does not fit is dropped and counted,
 * because senders repeat metadata every minute. Thread-safe.
 */
public final class MetadataQueue implements MetadataSink {
    private static final int BATCH_ENTRIES_MAX = 1_000;

    private record Entry(String tenant, MetricMetadata metadata) {}

    private final int entriesMax;
    private final Set<Entry> known = new HashSet<>();
    private final Set<Entry> waiting = new HashSet<>();
    private long dropped;

    public MetadataQueue(int entriesMax) {
        this.entriesMax = entriesMax;
    }

    @Override
    public synchronized void offer(String tenant, List<MetricMetadata> metadata) {
        for (MetricMetadata one : metadata) {
            Entry entry = new Entry(tenant, one);
            if (known.contains(entry)) {
                continue;
            }
            if (waiting.size() >= entriesMax) {
                dropped++;
            } else {
                waiting.add(entry);
            }
        }
    }

    /** Entries that were dropped since the start. */
    public synchronized long dropped() {
        return dropped;
    }

    /** Sends what waits; after an exception what was not sent waits on. */
    public void drain(IngestCatalog catalog) {
        List<Entry> taken;
        synchronized (this) {
            taken = new ArrayList<>(waiting);
        }
        Map<String, List<MetricMetadata>> tenants = new HashMap<>();
        taken.forEach(entry -> tenants.computeIfAbsent(entry.tenant(), key -> new ArrayList<>())
                .add(entry.metadata()));
        tenants.forEach((tenant, metadata) -> {
            for (int from = 0; from < metadata.size(); from += BATCH_ENTRIES_MAX) {
                List<MetricMetadata> batch =
                        metadata.subList(from, Math.min(from + BATCH_ENTRIES_MAX, metadata.size()));
                catalog.upsertMetadata(tenant, batch);
                sent(tenant, batch);
            }
        });
    }

    private synchronized void sent(String tenant, List<MetricMetadata> batch) {
        if (known.size() > 2L * entriesMax) {
            known.clear();
        }
        for (MetricMetadata one : batch) {
            Entry entry = new Entry(tenant, one);
            waiting.remove(entry);
            known.add(entry);
        }
    }
}
