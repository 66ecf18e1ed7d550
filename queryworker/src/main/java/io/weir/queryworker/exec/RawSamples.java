package io.weir.queryworker.exec;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ArtifactWriter;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.RawSelection;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.SampleCost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Collects the samples themselves, for a range selector that is not evaluated here; staleness markers are left out, as Prometheus does. */
final class RawSamples implements SeriesConsumer {
    private final Map<Labels, SampleBuffer> series = new TreeMap<>();
    private final RawSelection selection;
    private final long samplesMax;
    private long count;

    RawSamples(RawSelection selection, long samplesMax) {
        this.selection = selection;
        this.samplesMax = samplesMax;
    }

    @Override
    public void accept(Labels labels, SampleBuffer samples) {
        SampleBuffer kept = selection.select(samples);
        count += SampleCost.of(kept);
        if (count > samplesMax) {
            throw new QueryException.LimitExceeded("the range selector has more samples than " + samplesMax
                    + " (settings query-samples-max, worker-executor-samples-max and"
                    + " worker-executor-result-cells-max); select fewer series or a shorter range, or raise"
                    + " the limit");
        }
        if (kept.size() > 0) {
            series.put(labels, kept);
        }
    }

    ArtifactMeta write(ArtifactTarget target, String workId) throws IOException {
        return ArtifactWriter.writeSamples(
                target, workId, List.copyOf(series.keySet()), new ArrayList<>(series.values()), List.of());
    }
}
