package io.weir.sketch.codec;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Bytes of formats written by hand, for what no product code writes. */
final class Bytes {
    private Bytes() {}

    interface Fields {
        void write(CodedOutputStream out) throws java.io.IOException;
    }

    static byte[] proto(Fields fields) {
        return ProtoWriter.message(fields::write);
    }

    /** The state of a message: the last field of an envelope without anything after it. */
    static byte[] ddSketchState(double alpha, int offset, long... counts) {
        return proto(out -> {
            out.writeDouble(1, alpha);
            out.writeByteArray(2, proto(packed -> {
                for (long count : counts) {
                    packed.writeUInt64NoTag(count);
                }
            }));
            out.writeSInt32(3, offset);
        });
    }

    static byte[] msgpackDdSketch(double alpha, int offset, long... counts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x93);
        out.writeBytes(f64(alpha));
        bins(out, offset, counts);
        return out.toByteArray();
    }

    private static void bins(ByteArrayOutputStream out, int offset, long... counts) {
        out.write(0xdc);
        out.write(counts.length >> 8);
        out.write(counts.length);
        for (long count : counts) {
            out.writeBytes(
                    ByteBuffer.allocate(9).put((byte) 0xcf).putLong(count).array());
        }
        out.writeBytes(ByteBuffer.allocate(5).put((byte) 0xd2).putInt(offset).array());
    }

    static byte[] f64(double value) {
        return ByteBuffer.allocate(9).put((byte) 0xcb).putDouble(value).array();
    }

    static byte[] text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(1 + bytes.length)
                .put((byte) (0xa0 | bytes.length))
                .put(bytes)
                .array();
    }

    static byte[] asapDdSketch(double alpha, int offset, double sum, double min, double max, long... counts) {
        ByteArrayOutputStream metadata = new ByteArrayOutputStream();
        metadata.write(0x82);
        metadata.writeBytes(text("metadata_version"));
        metadata.write(1);
        metadata.writeBytes(text("alpha"));
        metadata.writeBytes(f64(alpha));
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        payload.write(0x95);
        bins(payload, offset, counts);
        payload.writeBytes(f64(sum));
        payload.writeBytes(f64(min));
        payload.writeBytes(f64(max));
        return asap(0x0500, metadata.toByteArray(), payload.toByteArray());
    }

    static byte[] asap(int kind, byte[] metadata, byte[] payload) {
        return ByteBuffer.allocate(18 + metadata.length + payload.length)
                .put("ASAPv1".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 2)
                .putShort((short) kind)
                .putInt(metadata.length)
                .putInt(payload.length)
                .put(metadata)
                .put(payload)
                .array();
    }
}
