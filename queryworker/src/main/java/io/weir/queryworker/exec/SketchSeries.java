package io.weir.queryworker.exec;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ArtifactWriter;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import io.weir.proto.leaf.v1.SketchLeaf;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a sketch of each granule of each series. A series comes whole, so one sketch is open at a time; what is kept of it are its encoded bytes.
 */
final class SketchSeries implements SeriesConsumer {
    private final SketchLeaf leaf;
    private final Sketch empty;
    private final long bytesMax;
    private final long cellsMax;
    private final Map<Labels, Row> rows = new TreeMap<>();
    /** Of the granule that is being read. */
    private double[] values = new double[64];

    private long bytes;

    /** The sketches of a series by granule, and how many samples are in each. */
    private record Row(byte[] @Nullable [] cells, double[] samples) {}

    /**
     * @param bytesMax of all encoded sketches
     * @param cellsMax series times granules
     * @throws QueryException.BadData if the leaf asks for what cannot be built
     */
    SketchSeries(SketchLeaf leaf, long bytesMax, long cellsMax) {
        this.leaf = leaf;
        this.bytesMax = bytesMax;
        this.cellsMax = cellsMax;
        if (leaf.getGranules() < 1 || leaf.getGranuleMillis() < 1) {
            throw new QueryException.BadData(
                    "sketches of " + leaf.getGranules() + " granules of " + leaf.getGranuleMillis() + " ms");
        }
        empty = empty(leaf);
    }

    private static Sketch empty(SketchLeaf leaf) {
        try {
            return switch (leaf.getKind()) {
                case DDSKETCH -> SampleSketches.quantiles(leaf.getRelativeAccuracy());
                case HYPERLOGLOG -> SampleSketches.distinct(leaf.getPrecision());
                case FREQUENCIES -> SampleSketches.frequencies(leaf.getCandidatesMax());
                case KIND_UNSPECIFIED, UNRECOGNIZED ->
                    throw new QueryException.Unsupported(
                            "a kind of sketch is unknown to this worker; run API and workers of the same release");
            };
        } catch (IllegalArgumentException e) {
            throw new QueryException.BadData("sketches cannot be built: " + e.getMessage());
        }
    }

    /** Nothing at or before it is in any granule. */
    long afterMillis() {
        return leaf.getFirstGranuleEndMillis() - leaf.getGranuleMillis();
    }

    /** The end of the last granule. */
    long untilMillis() {
        return afterMillis() + leaf.getGranules() * leaf.getGranuleMillis();
    }

    @Override
    public void accept(Labels labels, SampleBuffer samples) {
        if ((rows.size() + 1L) * leaf.getGranules() > cellsMax) {
            throw new QueryException.LimitExceeded("one piece of work holds more sketches than " + cellsMax
                    + " (setting worker-executor-result-cells-max); select fewer series");
        }
        Row row = new Row(new byte[leaf.getGranules()][], new double[leaf.getGranules()]);
        boolean any = false;
        int at = 0;
        while (at < samples.size()) {
            int granule = granule(samples.timestamps()[at]);
            int end = at;
            int count = 0;
            while (end < samples.size() && granule(samples.timestamps()[end]) == granule) {
                if (!samples.isStale(end) && samples.histogram(end) == null) {
                    values = count < values.length ? values : Arrays.copyOf(values, 2 * count);
                    values[count++] = samples.values()[end];
                }
                end++;
            }
            if (count > 0) {
                row.cells[granule] = encode(sketch(count, labels));
                row.samples[granule] = count;
                any = true;
            }
            at = end;
        }
        if (any) {
            rows.put(labels, row);
        }
    }

    private int granule(long timeMillis) {
        return (int) ((timeMillis - afterMillis() - 1) / leaf.getGranuleMillis());
    }

    private Sketch sketch(int count, Labels labels) {
        Sketch sketch = empty.emptyCopy();
        try {
            SampleSketches.recordAll(sketch, values, count);
        } catch (SketchCapacityException e) {
            throw new QueryException.LimitExceeded("the values of series " + labels + " span more than a sketch holds: "
                    + e.getMessage() + "; use a larger alpha");
        }
        return sketch;
    }

    private byte[] encode(Sketch sketch) {
        byte[] encoded;
        try {
            encoded = WireSketch.encode(SampledSketch.of(sketch)).toByteArray();
        } catch (SketchFormatException e) {
            throw new IllegalStateException("a sketch of samples cannot be written", e);
        }
        bytes += encoded.length;
        if (bytes > bytesMax) {
            throw new QueryException.LimitExceeded("the sketches of one piece of work take more than " + bytesMax
                    + " bytes (setting worker-executor-sketch-bytes-max); select fewer series or use a smaller sketch");
        }
        return encoded;
    }

    ArtifactMeta write(ArtifactTarget target, String workId) throws IOException {
        byte[][] @Nullable [] cells = new byte[rows.size()][][];
        double[][] samples = new double[rows.size()][];
        int ordinal = 0;
        for (Row row : rows.values()) {
            cells[ordinal] = row.cells;
            samples[ordinal] = row.samples;
            ordinal++;
        }
        long[] ends = new long[leaf.getGranules()];
        for (int granule = 0; granule < ends.length; granule++) {
            ends[granule] = leaf.getFirstGranuleEndMillis() + granule * leaf.getGranuleMillis();
        }
        List<Labels> series = new ArrayList<>(rows.keySet());
        return ArtifactWriter.writeCells(target, workId, series, ends, cells, samples);
    }
}
