package io.weir.ingest.memory;

import io.weir.ingest.error.IngestException;
import io.weir.promql.labels.Labels;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * All series known to this ingester, by tenant. Decoders find and intern series from many threads; only the commit thread
 * retires them, so a handle that is not retired when the commit thread sees it is the only one of its labels.
 */
public final class SeriesRegistry {
    private final HeadLimits limits;
    private final long hashSeed;
    private final ConcurrentHashMap<String, TenantSeries> tenants = new ConcurrentHashMap<>();
    private final AtomicInteger series = new AtomicInteger();

    public SeriesRegistry(HeadLimits limits, long hashSeed) {
        this.limits = limits;
        this.hashSeed = hashSeed;
    }

    /** A probe for {@link TenantSeries#find}. */
    public LabelBytes newProbe() {
        return new LabelBytes(hashSeed);
    }

    /**
     * The series of a tenant.
     *
     * @throws IngestException when there are too many tenants
     */
    public TenantSeries tenant(String name) {
        TenantSeries known = tenants.get(name);
        if (known != null) {
            return known;
        }
        if (tenants.mappingCount() >= limits.tenantsMax()) {
            throw new IngestException(
                    IngestException.Reason.TOO_MANY,
                    "this ingester already serves ingest-head-tenants-max=" + limits.tenantsMax()
                            + " tenants; raise the setting or send to another ingester");
        }
        return tenantWithoutLimit(name);
    }

    private TenantSeries tenantWithoutLimit(String name) {
        return tenants.computeIfAbsent(name, key -> new TenantSeries(key, this));
    }

    /** The handle of a series that the log names; for the replay, whose samples were admitted before. */
    public SeriesRef replayed(String tenant, Labels labels) {
        return tenantWithoutLimit(tenant).internWithoutLimit(labels);
    }

    /** The handle that is current now for the labels of a handle; only for the commit thread. */
    SeriesRef current(SeriesRef ref) {
        return ref.isRetired() ? replayed(ref.tenant(), ref.labels()) : ref;
    }

    /** Replaces retired handles of a batch by current ones; only for the commit thread, before it looks at the batch. */
    public void refresh(WriteBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            SeriesRef ref = batch.series(i);
            if (ref.isRetired()) {
                batch.replaceSeries(i, current(ref));
            }
        }
    }

    /** Series known now. */
    public int size() {
        return series.get();
    }

    HeadLimits limits() {
        return limits;
    }

    void admit(String tenant, long tenantSeries) {
        if (tenantSeries >= limits.seriesPerTenantMax()) {
            throw new IngestException(
                    IngestException.Reason.TOO_MANY,
                    "tenant " + tenant + " has reached ingest-head-series-per-tenant-max=" + limits.seriesPerTenantMax()
                            + " active series; drop labels with many values, or raise the setting");
        }
        if (series.get() >= limits.seriesMax()) {
            throw IngestException.overloaded("this ingester has reached ingest-head-series-max=" + limits.seriesMax()
                    + " active series; wait until idle series are dropped, or raise the setting");
        }
    }

    void added() {
        series.incrementAndGet();
    }

    /** Notes that a series has a sample of a generation, in a store that has no head; only for its commit thread. */
    public void touch(SeriesRef ref, long generation) {
        ref.touch(generation);
    }

    /** Forgets the series without a sample since the given generation of the head; only for the commit thread. */
    public int retireIdle(long generation) {
        int retired = 0;
        for (TenantSeries tenant : tenants.values()) {
            retired += tenant.retireIdle(generation);
        }
        series.addAndGet(-retired);
        return retired;
    }

    /** The tenant if it is known, for tests and metrics. */
    @Nullable
    TenantSeries known(String name) {
        return tenants.get(name);
    }
}
