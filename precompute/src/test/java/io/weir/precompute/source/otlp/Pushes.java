package io.weir.precompute.source.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.weir.precompute.source.pushed.PushedSettings;
import io.weir.proto.push.v1.DdSketch;
import io.weir.proto.push.v1.DdSketchPoint;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.KeyValue;
import io.weir.proto.push.v1.Metric;
import io.weir.proto.push.v1.Resource;
import io.weir.proto.push.v1.ResourceMetrics;
import io.weir.proto.push.v1.ScopeMetrics;
import io.weir.proto.push.v1.Temporality;
import io.weir.proto.push.v1.Value;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.codec.SketchCodec;
import io.weir.sketch.codec.SketchFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Requests as collectors make them, and the formats of a DDSketch in them. */
final class Pushes {
    private Pushes() {}

    static ReceiverSettings settings(int requestBytesMax, int requestsMax, long requestWaitMillis) {
        return settings(requestBytesMax, requestsMax, requestWaitMillis, 10_000, 10_000);
    }

    /** With room for one fetch and for the bodies of two requests. */
    static ReceiverSettings settings(
            int requestBytesMax, int requestsMax, long requestWaitMillis, long bodyMillisMax, long fetchMillisMax) {
        return new ReceiverSettings(
                true,
                "127.0.0.1",
                0,
                0,
                requestBytesMax,
                requestsMax,
                requestWaitMillis,
                2L * requestBytesMax,
                bodyMillisMax,
                1,
                fetchMillisMax,
                PushedSettings.DEFAULT);
    }

    static KeyValue attribute(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setValue(Value.newBuilder().setStringValue(value))
                .build();
    }

    static DdSketchPoint.Builder point(long fromMillis, long toMillis, byte[] sketch) {
        return DdSketchPoint.newBuilder()
                .setStartTimeUnixNano(fromMillis * 1_000_000)
                .setTimeUnixNano(toMillis * 1_000_000)
                .setEncoding(PushPoint.WHOLE)
                .setSketch(ByteString.copyFrom(sketch));
    }

    static Metric quantiles(String name, DdSketchPoint... points) {
        return Metric.newBuilder()
                .setName(name)
                .setDdsketch(DdSketch.newBuilder()
                        .setAggregationTemporality(Temporality.DELTA)
                        .addAllDataPoints(List.of(points)))
                .build();
    }

    static ExportRequest request(Metric... metrics) {
        return ExportRequest.newBuilder()
                .addResourceMetrics(ResourceMetrics.newBuilder()
                        .setResource(Resource.newBuilder().addAttributes(attribute("service.name", "shop")))
                        .addScopeMetrics(ScopeMetrics.newBuilder().addAllMetrics(List.of(metrics))))
                .build();
    }

    static byte[] envelope(io.weir.sketch.Sketch sketch) {
        try {
            return SketchCodec.encodeEnvelope(SampledSketch.of(sketch));
        } catch (SketchFormatException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] sketchpb(io.weir.sketch.DdSketch sketch) throws SketchFormatException {
        return SketchCodec.encodeSketchpb(sketch);
    }

    static byte[] bareState(io.weir.sketch.DdSketch sketch) throws InvalidProtocolBufferException {
        return UnknownFieldSet.parseFrom(envelope(sketch))
                .getField(14)
                .getLengthDelimitedList()
                .getFirst()
                .toByteArray();
    }

    static byte[] msgpack(io.weir.sketch.DdSketch sketch) {
        ByteBuffer out = ByteBuffer.allocate(1 << 20);
        out.put((byte) 0x93);
        fraction(out, sketch.mapping().relativeAccuracy());
        bins(out, sketch);
        return taken(out);
    }

    static byte[] asap(io.weir.sketch.DdSketch sketch, double sum, double smallest, double largest) {
        ByteBuffer metadata = ByteBuffer.allocate(100);
        metadata.put((byte) 0x82);
        text(metadata, "metadata_version");
        metadata.put((byte) 1);
        text(metadata, "alpha");
        fraction(metadata, sketch.mapping().relativeAccuracy());
        ByteBuffer payload = ByteBuffer.allocate(1 << 20);
        payload.put((byte) 0x95);
        bins(payload, sketch);
        fraction(payload, sum);
        fraction(payload, smallest);
        fraction(payload, largest);
        byte[] head = taken(metadata);
        byte[] body = taken(payload);
        return ByteBuffer.allocate(18 + head.length + body.length)
                .put("ASAPv1".getBytes(StandardCharsets.US_ASCII))
                .put(new byte[] {1, 2, 5, 0})
                .putInt(head.length)
                .putInt(body.length)
                .put(head)
                .put(body)
                .array();
    }

    private static void bins(ByteBuffer out, io.weir.sketch.DdSketch sketch) {
        List<Integer> indexes = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        sketch.forEachBin(true, (index, weight) -> {
            indexes.add(index);
            weights.add(weight);
        });
        int first = indexes.getFirst();
        int size = indexes.getLast() - first + 1;
        long[] counts = new long[size];
        for (int i = 0; i < indexes.size(); i++) {
            counts[indexes.get(i) - first] = weights.get(i).longValue();
        }
        out.put((byte) 0xdc).putShort((short) size);
        for (long count : counts) {
            out.put((byte) 0xcd).putShort((short) count);
        }
        out.put((byte) 0xd2).putInt(first);
    }

    private static void fraction(ByteBuffer out, double value) {
        out.put((byte) 0xcb).putDouble(value);
    }

    private static void text(ByteBuffer out, String text) {
        out.put((byte) (0xa0 | text.length())).put(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] taken(ByteBuffer out) {
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    /** A DDSketchDelta: {@code buckets=1 {index=1 sint32, d_count=2}}. */
    static byte[] change(io.weir.sketch.DdSketch added) {
        UnknownFieldSet.Field.Builder buckets = UnknownFieldSet.Field.newBuilder();
        added.forEachBin(
                true,
                (index, weight) -> buckets.addLengthDelimited(UnknownFieldSet.newBuilder()
                        .addField(
                                1,
                                UnknownFieldSet.Field.newBuilder()
                                        .addVarint((index << 1) ^ (index >> 31))
                                        .build())
                        .addField(
                                2,
                                UnknownFieldSet.Field.newBuilder()
                                        .addVarint((long) weight)
                                        .build())
                        .build()
                        .toByteString()));
        return UnknownFieldSet.newBuilder().addField(1, buckets.build()).build().toByteArray();
    }
}
