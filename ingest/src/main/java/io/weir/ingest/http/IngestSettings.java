package io.weir.ingest.http;

import io.weir.ingest.commit.CommitLimits;
import io.weir.ingest.compaction.CompactionSettings;
import io.weir.ingest.flush.FlushSettings;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.otlp.OtlpSettings;
import io.weir.ingest.remotewrite.RemoteWriteLimits;
import io.weir.ingest.retention.RetentionSettings;
import io.weir.ingest.wal.LogLimits;
import io.weir.lake.segment.SegmentSettings;
import io.weir.promql.parser.Feature;
import java.nio.file.Path;
import java.util.Set;

/**
 * All settings of an ingester.
 *
 * @param dataDir folder of the log, the identity and temporary files; used by one process at a time
 * @param closeTimeoutMillis most time a shutdown takes; what is not flushed then stays in the log
 * @param features feature flags; of these, type-and-unit-labels concerns an ingester
 */
public record IngestSettings(
        Path dataDir,
        RemoteWriteLimits remoteWrite,
        OtlpSettings otlp,
        CommitLimits commit,
        LogLimits log,
        HeadLimits head,
        FlushSettings flush,
        CompactionSettings compaction,
        RetentionSettings retention,
        SegmentSettings segments,
        long closeTimeoutMillis,
        Set<Feature> features) {
    public static IngestSettings defaults(Path dataDir) {
        return new IngestSettings(
                dataDir,
                RemoteWriteLimits.defaults(),
                OtlpSettings.defaults(),
                CommitLimits.defaults(),
                LogLimits.defaults(),
                HeadLimits.defaults(),
                FlushSettings.defaults(),
                CompactionSettings.defaults(),
                RetentionSettings.defaults(),
                SegmentSettings.DEFAULT,
                7_000,
                Feature.NONE);
    }

    public IngestSettings withFlush(FlushSettings changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                otlp,
                commit,
                log,
                head,
                changed,
                compaction,
                retention,
                segments,
                closeTimeoutMillis,
                features);
    }

    public IngestSettings withRemoteWrite(RemoteWriteLimits changed) {
        return new IngestSettings(
                dataDir,
                changed,
                otlp,
                commit,
                log,
                head,
                flush,
                compaction,
                retention,
                segments,
                closeTimeoutMillis,
                features);
    }

    public IngestSettings withOtlp(OtlpSettings changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                changed,
                commit,
                log,
                head,
                flush,
                compaction,
                retention,
                segments,
                closeTimeoutMillis,
                features);
    }

    public IngestSettings withHead(HeadLimits changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                otlp,
                commit,
                log,
                changed,
                flush,
                compaction,
                retention,
                segments,
                closeTimeoutMillis,
                features);
    }

    public IngestSettings withLog(LogLimits changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                otlp,
                commit,
                changed,
                head,
                flush,
                compaction,
                retention,
                segments,
                closeTimeoutMillis,
                features);
    }

    public IngestSettings withCompaction(CompactionSettings changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                otlp,
                commit,
                log,
                head,
                flush,
                changed,
                retention,
                segments,
                closeTimeoutMillis,
                features);
    }

    public IngestSettings withFeatures(Set<Feature> changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                otlp,
                commit,
                log,
                head,
                flush,
                compaction,
                retention,
                segments,
                closeTimeoutMillis,
                changed);
    }

    public IngestSettings withRetention(RetentionSettings changed) {
        return new IngestSettings(
                dataDir,
                remoteWrite,
                otlp,
                commit,
                log,
                head,
                flush,
                compaction,
                changed,
                segments,
                closeTimeoutMillis,
                features);
    }
}
