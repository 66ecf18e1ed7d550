package io.weir.ingest.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.weir.ingest.commit.Committer;
import io.weir.ingest.flush.MetadataQueue;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.wal.LogLimits;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The meters {@code weir_ingest_*} but for those of {@link RequestMetrics}. */
final class IngestMetrics {
    private final Counter samples;
    private final Timer commits;
    private final DistributionSummary groupRequests;
    private final Timer flushes;
    private final Timer failedFlushes;
    private final Timer compactions;
    private final Counter compactedSegments;
    private final Counter failedCompactions;
    private final Counter expiredSegments;
    private final Counter failedRetentions;
    private volatile @Nullable FlushLag lag;

    IngestMetrics(MeterRegistry registry) {
        samples = Counter.builder("weir.ingest.samples")
                .description("Samples that were acknowledged")
                .register(registry);
        commits = Timer.builder("weir.ingest.commit")
                .description("Time to make a group of requests durable")
                .publishPercentileHistogram()
                .register(registry);
        groupRequests = DistributionSummary.builder("weir.ingest.commit.requests")
                .description("Requests that shared one fsync")
                .register(registry);
        flushes = flushTimer(registry, "success");
        failedFlushes = flushTimer(registry, "failure");
        compactions = Timer.builder("weir.ingest.compaction")
                .description("Time of a compaction job")
                .publishPercentileHistogram()
                .register(registry);
        compactedSegments = Counter.builder("weir.ingest.compacted.segments")
                .description("Segments that were merged into larger ones")
                .register(registry);
        failedCompactions = Counter.builder("weir.ingest.compaction.failures")
                .description("Compaction jobs that failed")
                .register(registry);
        expiredSegments = Counter.builder("weir.ingest.expired.segments")
                .description("Segments that retention took out of the catalog")
                .register(registry);
        failedRetentions = Counter.builder("weir.ingest.retention.failures")
                .description("Retention jobs that failed")
                .register(registry);
    }

    private static Timer flushTimer(MeterRegistry registry, String outcome) {
        return Timer.builder("weir.ingest.flush")
                .description("Time from memory to registered segments")
                .tag("outcome", outcome)
                .publishPercentileHistogram()
                .register(registry);
    }

    void watch(
            MeterRegistry registry,
            Committer committer,
            SeriesRegistry series,
            MetadataQueue metadata,
            IngestSettings settings) {
        Gauge.builder("weir.ingest.wal.limit.bytes", settings.log(), LogLimits::bytesMax)
                .description("Bytes of the log at which writes are refused")
                .register(registry);
        Gauge.builder("weir.ingest.wal.bytes", committer, Committer::logBytes)
                .description("Bytes of the log that are not in segments yet")
                .register(registry);
        Gauge.builder("weir.ingest.memory.samples", committer, Committer::samplesInMemory)
                .description("Samples that are not in segments yet; a native histogram counts as one for each 16 of its"
                        + " bytes")
                .register(registry);
        Gauge.builder("weir.ingest.queue.depth", committer, Committer::queued)
                .description("Requests that wait for the log")
                .register(registry);
        Gauge.builder("weir.ingest.series", series, SeriesRegistry::size)
                .description("Series known now")
                .register(registry);
        FunctionCounter.builder("weir.ingest.metadata.dropped", metadata, MetadataQueue::dropped)
                .description("Metadata entries dropped because too many waited")
                .register(registry);
        FlushLag started = new FlushLag(System::nanoTime, committer::samplesInMemory);
        lag = started;
        TimeGauge.builder("weir.ingest.lag", started::nanos, TimeUnit.NANOSECONDS)
                .description(
                        "Longest that an acknowledged sample may have waited so far to be queryable; 0 if none waits")
                .register(registry);
    }

    void committed(int requests, int committedSamples, long durationNanos) {
        samples.increment(committedSamples);
        commits.record(durationNanos, TimeUnit.NANOSECONDS);
        groupRequests.record(requests);
        FlushLag watched = lag;
        if (watched != null) {
            watched.arrived();
        }
    }

    void flushed(long durationNanos, boolean successful) {
        (successful ? flushes : failedFlushes).record(durationNanos, TimeUnit.NANOSECONDS);
        FlushLag watched = lag;
        if (successful && watched != null) {
            watched.flushed(durationNanos);
        }
    }

    void compacted(int segments, long durationNanos, boolean successful) {
        compactions.record(durationNanos, TimeUnit.NANOSECONDS);
        compactedSegments.increment(segments);
        if (!successful) {
            failedCompactions.increment();
        }
    }

    void expired(int segments, boolean successful) {
        expiredSegments.increment(segments);
        if (!successful) {
            failedRetentions.increment();
        }
    }
}
