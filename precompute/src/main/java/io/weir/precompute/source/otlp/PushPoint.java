package io.weir.precompute.source.otlp;

import com.google.protobuf.ByteString;
import io.weir.proto.push.v1.CountMinPoint;
import io.weir.proto.push.v1.CountSketchPoint;
import io.weir.proto.push.v1.DdSketchPoint;
import io.weir.proto.push.v1.HllPoint;
import io.weir.proto.push.v1.KeyValue;
import io.weir.proto.push.v1.NumberPoint;
import io.weir.sketch.SketchKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A data point of a sketch, whatever kind of data it came as.
 *
 * @param encoding as collectors number it: 1 and 3 a whole sketch, 2 and 4 a change
 * @param flags bit 0: nothing was recorded
 */
record PushPoint(
        SketchKind kind,
        long startNanos,
        long timeNanos,
        ByteString sketch,
        List<KeyValue> attributes,
        int encoding,
        int flags,
        long seriesId) {
    static final int WHOLE = 1;
    static final int CHANGE = 2;
    static final int WHOLE_MSGPACK = 3;

    private static final String PAYLOAD = ".sketch_payload";
    /** Attributes of plain points that hold a sketch, by the word before {@code .sketch_payload}. */
    private static final Map<String, SketchKind> PAYLOADS = Map.of(
            "ddsketch", SketchKind.DDSKETCH,
            "hll", SketchKind.HYPERLOGLOG,
            "cms", SketchKind.COUNT_MIN,
            "countsketch", SketchKind.COUNT_SKETCH);

    static PushPoint of(DdSketchPoint point) {
        return new PushPoint(
                SketchKind.DDSKETCH,
                point.getStartTimeUnixNano(),
                point.getTimeUnixNano(),
                point.getSketch(),
                point.getAttributesList(),
                point.getEncoding(),
                point.getFlags(),
                point.getSeriesId());
    }

    static PushPoint of(HllPoint point) {
        return new PushPoint(
                SketchKind.HYPERLOGLOG,
                point.getStartTimeUnixNano(),
                point.getTimeUnixNano(),
                point.getSketch(),
                point.getAttributesList(),
                point.getEncoding(),
                point.getFlags(),
                point.getSeriesId());
    }

    static PushPoint of(CountMinPoint point) {
        return new PushPoint(
                SketchKind.COUNT_MIN,
                point.getStartTimeUnixNano(),
                point.getTimeUnixNano(),
                point.getSketch(),
                point.getAttributesList(),
                point.getEncoding(),
                point.getFlags(),
                point.getSeriesId());
    }

    static PushPoint of(CountSketchPoint point) {
        return new PushPoint(
                SketchKind.COUNT_SKETCH,
                point.getStartTimeUnixNano(),
                point.getTimeUnixNano(),
                point.getSketch(),
                point.getAttributesList(),
                point.getEncoding(),
                point.getFlags(),
                point.getSeriesId());
    }

    /** Of a plain point with a sketch in one of its attributes, which then is none of its labels; empty if it has none we read. */
    static Optional<PushPoint> of(NumberPoint point) {
        for (KeyValue attribute : point.getAttributesList()) {
            String key = attribute.getKey();
            if (!key.endsWith(PAYLOAD)) {
                continue;
            }
            String word = key.substring(0, key.length() - PAYLOAD.length());
            SketchKind kind = PAYLOADS.get(word);
            if (kind == null) {
                return Optional.empty();
            }
            List<KeyValue> labels = new ArrayList<>(point.getAttributesList());
            // What else the sketch says of itself beside its bytes is no label either.
            labels.removeIf(it -> it.getKey().startsWith(word + "."));
            return Optional.of(new PushPoint(
                    kind,
                    point.getStartTimeUnixNano(),
                    point.getTimeUnixNano(),
                    attribute.getValue().getBytesValue(),
                    labels,
                    WHOLE,
                    point.getFlags(),
                    point.getSeriesId()));
        }
        return Optional.empty();
    }

    boolean hasNoValue() {
        return (flags & 1) != 0;
    }
}
