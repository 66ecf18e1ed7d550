package io.weir.ingest.memory;

import io.weir.ingest.error.IngestException;
import io.weir.promql.labels.Labels;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The known series of one tenant, by the bytes senders encode them in and by their labels. Thread-safe. */
public final class TenantSeries {
    private final String tenant;
    private final SeriesRegistry registry;
    private final ConcurrentHashMap<LabelBytes, SeriesRef> byBytes = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Labels, SeriesRef> byLabels = new ConcurrentHashMap<>();

    TenantSeries(String tenant, SeriesRegistry registry) {
        this.tenant = tenant;
        this.registry = registry;
    }

    public String tenant() {
        return tenant;
    }

    /** The series these bytes were remembered for, or null. */
    public @Nullable SeriesRef find(LabelBytes probe) {
        return byBytes.get(probe);
    }

    /** Remembers that these bytes, which are copied, mean this series. */
    public void remember(LabelBytes probe, SeriesRef ref) {
        // Senders that encode one label set in many ways must not fill the memory: the map is a cache and may be
        // dropped.
        if (byBytes.mappingCount() >= 2L * registry.limits().seriesPerTenantMax()) {
            byBytes.clear();
        }
        byBytes.put(probe.copy(), ref);
    }

    /**
     * The handle of a series, made when it is new.
     *
     * @throws IngestException when a limit on series is reached
     */
    public SeriesRef intern(Labels labels) {
        SeriesRef known = byLabels.get(labels);
        if (known != null) {
            return known;
        }
        registry.admit(tenant, byLabels.mappingCount());
        return byLabels.computeIfAbsent(labels, key -> {
            registry.added();
            return new SeriesRef(tenant, key);
        });
    }

    /** The handle of a series whose samples are already in the log; no limit applies. */
    SeriesRef internWithoutLimit(Labels labels) {
        return byLabels.computeIfAbsent(labels, key -> {
            registry.added();
            return new SeriesRef(tenant, key);
        });
    }

    /** Number of series. */
    public long size() {
        return byLabels.mappingCount();
    }

    /** Forgets the series without a sample since the given generation. Only for the commit thread. */
    int retireIdle(long generation) {
        int retired = 0;
        for (SeriesRef ref : byLabels.values()) {
            if (ref.lastGeneration() < generation) {
                ref.retire();
                byLabels.remove(ref.labels(), ref);
                retired++;
            }
        }
        if (retired > 0) {
            byBytes.values().removeIf(SeriesRef::isRetired);
        }
        return retired;
    }
}
