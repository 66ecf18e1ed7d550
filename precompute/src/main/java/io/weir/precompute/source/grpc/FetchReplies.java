package io.weir.precompute.source.grpc;

import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.source.LabelsHeap;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Label;
import io.weir.proto.sketch.v1.Summary;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Puts the messages of one answer together, and refuses an answer that is broken. For one thread. */
final class FetchReplies {
    private final SketchServiceSettings settings;
    private final SketchFunction function;
    private final FetchRequest request;
    private final WireSketch wire;
    private final Map<Labels, SketchPoint> points = new HashMap<>();
    private long retainedBytes;
    private @Nullable Summary summary;

    FetchReplies(SketchServiceSettings settings, SketchFunction function, FetchRequest request) {
        this.settings = settings;
        this.function = function;
        this.request = request;
        wire = new WireSketch(DecodeLimits.DEFAULT);
    }

    void accept(FetchReply reply) throws SourceException {
        if (summary != null) {
            throw broken("something came after the summary");
        }
        switch (reply.getReplyCase()) {
            case POINT -> add(reply.getPoint());
            case SUMMARY -> summary = reply.getSummary();
            case REPLY_NOT_SET -> throw broken("a message is neither a point nor the summary");
        }
    }

    private void add(io.weir.proto.sketch.v1.SketchPoint message) throws SourceException {
        if (points.size() >= settings.pointsMax()) {
            throw new SourceException(
                    Cause.LIMIT,
                    "more than precompute-sources-service-points-max=" + settings.pointsMax() + " label sets");
        }
        Labels labels = labels(message);
        SampledSketch sketch = sketch(message.getSketch());
        retainedBytes += LabelsHeap.bytes(labels) + sketch.sketch().retainedBytes();
        if (retainedBytes > settings.batchBytesMax()) {
            throw new SourceException(
                    Cause.LIMIT,
                    "the sketches and their labels take more than precompute-sources-service-batch-bytes-max="
                            + settings.batchBytesMax() + " bytes");
        }
        if (points.put(labels, new SketchPoint(labels, sketch)) != null) {
            throw broken("the label set " + labels + " came twice");
        }
    }

    private static Labels labels(io.weir.proto.sketch.v1.SketchPoint message) throws SourceException {
        Map<String, String> labels = new HashMap<>();
        for (Label label : message.getLabelsList()) {
            if (!Labels.isValidName(label.getName()) || label.getName().equals(Labels.METRIC_NAME)) {
                throw broken("'" + label.getName() + "' is no label's name");
            }
            if (labels.put(label.getName(), label.getValue()) != null) {
                throw broken("a label came twice: " + label.getName());
            }
        }
        return Labels.of(labels);
    }

    private SampledSketch sketch(io.weir.proto.sketch.v1.Sketch message) throws SourceException {
        try {
            SampledSketch sketch = wire.decode(message, Optional.empty());
            if (!function.kinds().contains(sketch.sketch().kind())) {
                throw broken(
                        "a sketch of kind " + sketch.sketch().kind() + " does not answer " + function.functionName());
            }
            return sketch;
        } catch (SketchFormatException e) {
            throw new SourceException(
                    Cause.BAD_DATA, "the source sent a sketch that cannot be read: " + e.getMessage(), e);
        }
    }

    /** All of it, once the stream has ended. */
    SketchBatch batch() throws SourceException {
        if (summary == null) {
            throw broken("the answer ended without its summary");
        }
        if (summary.getPoints() != points.size()) {
            throw broken(summary.getPoints() + " points were announced, " + points.size() + " came");
        }
        return new SketchBatch(
                points.values().stream()
                        // Nothing recorded is no value, and no zero either.
                        .filter(it -> !it.sketch().sketch().isEmpty())
                        .sorted((left, right) -> left.labels().compareTo(right.labels()))
                        .toList(),
                coverage(request.getFromMillis(), request.getToMillis(), summary));
    }

    private static double coverage(long fromMillis, long toMillis, Summary summary) {
        long from = Math.max(fromMillis, summary.getCoveredFromMillis());
        long to = Math.min(toMillis, summary.getCoveredToMillis());
        return to <= from ? 0 : (double) (to - from) / (toMillis - fromMillis);
    }

    private static SourceException broken(String what) {
        return new SourceException(Cause.BAD_DATA, "the source's answer is broken: " + what);
    }
}
