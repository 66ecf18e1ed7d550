package io.weir.lake.artifact;

import io.weir.promql.aggregate.HistogramCell;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafColumns;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the artifact of one piece of work. The target must not exist; on failure nothing is left there.
 *
 * <p>Every method throws {@link io.weir.promql.error.QueryException.LimitExceeded} when the file would pass {@code bytesMax}, naming the limit.
 */
public final class ArtifactWriter {
    private ArtifactWriter() {}

    /** Writes the result of a leaf: a row for every value that is there. */
    public static ArtifactMeta write(Path target, String workId, LeafColumns columns, long bytesMax)
            throws IOException {
        return write(ArtifactTarget.of(target, bytesMax), workId, columns);
    }

    /** Writes the result of a leaf: a row for every value that is there. */
    public static ArtifactMeta write(ArtifactTarget target, String workId, LeafColumns columns) throws IOException {
        StateLayout layout = columns.layout();
        int seriesCount = columns.series().size();
        int stepCount = columns.grid().count();
        boolean histograms = hasHistograms(columns);
        try (ArtifactFile file = new ArtifactFile(target, workId, layout, histograms, (long) seriesCount * stepCount)) {
            file.writeSeries(columns.series());
            if (histograms) {
                writeCells(file, columns, seriesCount, stepCount);
            } else if (layout.hasC() || layout.hasN()) {
                writeStates(file, columns, seriesCount, stepCount);
            } else {
                writeValues(file, columns, seriesCount, stepCount);
            }
            return file.finish(columns.annotations());
        }
    }

    private static boolean hasHistograms(LeafColumns columns) {
        @Nullable HistogramCell @Nullable [] @Nullable [] histograms = columns.h();
        if (histograms == null) {
            return false;
        }
        for (@Nullable HistogramCell @Nullable [] cells : histograms) {
            if (cells != null) {
                return true;
            }
        }
        return false;
    }

    /** A row where there is a float, a histogram, or state of both. */
    private static void writeCells(ArtifactFile file, LeafColumns columns, int seriesCount, int stepCount)
            throws IOException {
        boolean hasC = columns.layout().hasC();
        boolean hasN = columns.layout().hasN();
        var bytes = new ByteSink(1024);
        for (int step = 0; step < stepCount; step++) {
            long stepMillis = columns.grid().at(step);
            for (int series = 0; series < seriesCount; series++) {
                double value = columns.v()[series][step];
                HistogramCell cell = columns.histogram(series, step);
                if (cell != null || !StaleMarker.is(value)) {
                    bytes.clear();
                    if (cell != null) {
                        HistogramCellBytes.encode(cell, bytes);
                    }
                    double second = hasC ? columns.c()[series][step] : 0;
                    long count = hasN ? columns.n()[series][step] : 0;
                    file.row(stepMillis, series, value, second, count, bytes.array(), bytes.size());
                }
            }
        }
    }

    private static void writeValues(ArtifactFile file, LeafColumns columns, int seriesCount, int stepCount)
            throws IOException {
        double[][] v = columns.v();
        for (int step = 0; step < stepCount; step++) {
            long stepMillis = columns.grid().at(step);
            for (int series = 0; series < seriesCount; series++) {
                double value = v[series][step];
                if (!StaleMarker.is(value)) {
                    file.row(stepMillis, series, value, 0, 0);
                }
            }
        }
    }

    private static void writeStates(ArtifactFile file, LeafColumns columns, int seriesCount, int stepCount)
            throws IOException {
        boolean hasC = columns.layout().hasC();
        boolean hasN = columns.layout().hasN();
        for (int step = 0; step < stepCount; step++) {
            long stepMillis = columns.grid().at(step);
            for (int series = 0; series < seriesCount; series++) {
                double value = columns.v()[series][step];
                if (!StaleMarker.is(value)) {
                    double second = hasC ? columns.c()[series][step] : 0;
                    long count = hasN ? columns.n()[series][step] : 0;
                    file.row(stepMillis, series, value, second, count);
                }
            }
        }
    }

    /** Writes label sets alone (sorted, unique): the artifact has series and no rows. */
    public static ArtifactMeta writeSeries(
            Path target, String workId, List<Labels> series, List<Annotation> annotations, long bytesMax)
            throws IOException {
        return writeSeries(ArtifactTarget.of(target, bytesMax), workId, series, annotations);
    }

    /** Writes label sets alone (sorted, unique): the artifact has series and no rows. */
    public static ArtifactMeta writeSeries(
            ArtifactTarget target, String workId, List<Labels> series, List<Annotation> annotations)
            throws IOException {
        try (ArtifactFile file = new ArtifactFile(target, workId, StateLayout.SAMPLES, false, 0)) {
            file.writeSeries(series);
            return file.finish(annotations);
        }
    }

    /**
     * Writes bytes that only their reader understands: a row for every cell that is there, with the bytes as {@code h}, where results have
     * histograms, and a number beside them as {@code v}.
     *
     * @param stepsMillis ascending
     * @param cells by series and step; null where there is none
     * @param values by series and step
     */
    public static ArtifactMeta writeCells(
            ArtifactTarget target,
            String workId,
            List<Labels> series,
            long[] stepsMillis,
            byte[][] @Nullable [] cells,
            double[][] values)
            throws IOException {
        long rows = 0;
        for (byte[] @Nullable [] ofSeries : cells) {
            for (byte @Nullable [] cell : ofSeries) {
                rows += cell == null ? 0 : 1;
            }
        }
        try (ArtifactFile file = new ArtifactFile(target, workId, StateLayout.SAMPLES, true, rows)) {
            file.writeSeries(series);
            for (int step = 0; step < stepsMillis.length; step++) {
                for (int ordinal = 0; ordinal < cells.length; ordinal++) {
                    byte[] cell = cells[ordinal][step];
                    if (cell != null) {
                        file.row(stepsMillis[step], ordinal, values[ordinal][step], 0, 0, cell, cell.length);
                    }
                }
            }
            return file.finish(List.of());
        }
    }

    /**
     * Writes raw samples: a row for every sample, with its own time as {@code step_ts} and its exact bits as {@code v}, histograms as {@code h}.
     *
     * @param samples of the series with the same index; each in ascending time
     */
    public static ArtifactMeta writeSamples(
            Path target,
            String workId,
            List<Labels> series,
            List<SampleBuffer> samples,
            List<Annotation> annotations,
            long bytesMax)
            throws IOException {
        return writeSamples(ArtifactTarget.of(target, bytesMax), workId, series, samples, annotations);
    }

    /** As above, into a target that is asked for room. */
    public static ArtifactMeta writeSamples(
            ArtifactTarget target,
            String workId,
            List<Labels> series,
            List<SampleBuffer> samples,
            List<Annotation> annotations)
            throws IOException {
        if (series.size() != samples.size()) {
            throw new IllegalArgumentException(series.size() + " series, samples of " + samples.size());
        }
        long rows = 0;
        boolean histograms = false;
        for (SampleBuffer buffer : samples) {
            rows += buffer.size();
            histograms |= buffer.hasHistograms();
        }
        try (ArtifactFile file = new ArtifactFile(target, workId, StateLayout.SAMPLES, histograms, rows)) {
            file.writeSeries(series);
            var merge = new SampleMerge(samples);
            var bytes = new ByteSink(histograms ? 1024 : 0);
            while (histograms && merge.next()) {
                bytes.clear();
                byte[] encoded = merge.encodedHistogram();
                if (encoded != null) {
                    HistogramCellBytes.encodeSample(encoded, bytes);
                }
                file.row(merge.timestampMillis(), merge.series(), merge.value(), 0, 0, bytes.array(), bytes.size());
            }
            while (!histograms && merge.next()) {
                file.row(merge.timestampMillis(), merge.series(), merge.value(), 0, 0);
            }
            return file.finish(annotations);
        }
    }
}
