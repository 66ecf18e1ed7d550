package io.weir.ingest.http;

import io.weir.ingest.commit.Committer;
import io.weir.ingest.load.SampleSink;
import io.weir.ingest.load.SampleTable;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.TenantSeries;
import io.weir.ingest.memory.WriteBatch;
import io.weir.ingest.remotewrite.MetadataSink;
import io.weir.ingest.remotewrite.RemoteWriteLimits;
import java.time.InstantSource;

/**
 * Writes samples of this process into the ingester without HTTP, as durably as a request. Samples too far in the future or too old
 * are left out, as a request would refuse them.
 */
public final class DirectWriter implements SampleSink {
    private final TenantSeries series;
    private final Committer committer;
    private final MetadataSink metadata;
    private final InstantSource clock;
    private final RemoteWriteLimits limits;

    DirectWriter(
            String tenant,
            SeriesRegistry registry,
            Committer committer,
            MetadataSink metadata,
            InstantSource clock,
            RemoteWriteLimits limits) {
        this.series = registry.tenant(tenant);
        this.committer = committer;
        this.metadata = metadata;
        this.clock = clock;
        this.limits = limits;
    }

    @Override
    public void write(SampleTable table) throws InterruptedException {
        long latest = clock.millis() + limits.futureMillisMax();
        long earliest = limits.ageMillisMax() == 0 ? Long.MIN_VALUE : clock.millis() - limits.ageMillisMax();
        WriteBatch batch = new WriteBatch();
        for (int i = 0; i < table.size(); i++) {
            long timestamp = table.timestamp(i);
            if (timestamp <= latest && timestamp >= earliest) {
                batch.add(series.intern(table.labels(i)), timestamp, table.value(i));
            }
        }
        if (batch.size() > 0) {
            committer.commit(batch);
        }
        if (!table.metadata().isEmpty()) {
            metadata.offer(series.tenant(), table.metadata());
        }
    }
}
