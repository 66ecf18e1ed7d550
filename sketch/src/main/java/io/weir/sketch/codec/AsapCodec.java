package io.weir.sketch.codec;

import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.HashProfile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * ASAPv1: {@code "ASAPv1" | 0x01 | kind length | kind | metadata length | payload length | metadata map | payload array}, lengths
 * as 32 bits, highest byte first. Kinds: 0101 to 0103 HyperLogLog, 0200 Count-Min, 0300 with keys, 0400 Count Sketch, 0a00
 * with keys, 0500 DDSketch. Source: asap_sketchlib, docs/asapv1_wire_format.md.
 */
final class AsapCodec {
    static final byte[] MAGIC = "ASAPv1".getBytes(StandardCharsets.US_ASCII);

    private static final int VERSION = 1;
    private static final int KIND_BYTES = 2;

    private AsapCodec() {}

    static boolean hasMagic(byte[] bytes) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (bytes.length <= i || bytes[i] != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    static Sketch decode(byte[] bytes, DecodeLimits limits) throws SketchFormatException {
        ByteBuffer input = ByteBuffer.wrap(bytes).position(MAGIC.length);
        requireLeft(input, 2);
        int version = input.get() & 0xFF;
        if (version != VERSION) {
            throw new SketchFormatException(
                    Reason.UNKNOWN_VERSION, "ASAPv1 layout " + version + "; we know " + VERSION);
        }
        int kindBytes = input.get() & 0xFF;
        requireLeft(input, (long) kindBytes + 2 * Integer.BYTES);
        if (kindBytes != KIND_BYTES) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "a kind of " + kindBytes + " bytes");
        }
        int kind = input.getShort() & 0xFFFF;
        long metadataBytes = input.getInt() & 0xFFFFFFFFL;
        long payloadBytes = input.getInt() & 0xFFFFFFFFL;
        requireLeft(input, metadataBytes + payloadBytes);
        if (input.remaining() != metadataBytes + payloadBytes) {
            throw new SketchFormatException(
                    Reason.MALFORMED, input.remaining() - metadataBytes - payloadBytes + " bytes too many");
        }
        int payloadAt = input.position() + (int) metadataBytes;
        AsapMetadata metadata =
                AsapMetadata.read(new MsgpackReader(input.duplicate().limit(payloadAt), limits));
        MsgpackReader payload = new MsgpackReader(input.position(payloadAt), limits);
        Sketch sketch = switch (kind) {
            case 0x0101 -> hyperLogLog(HyperLogLog.Variant.REGULAR, metadata, payload);
            case 0x0102 -> hyperLogLog(HyperLogLog.Variant.ERTL_MLE, metadata, payload);
            case 0x0103 -> hyperLogLog(HyperLogLog.Variant.HIP, metadata, payload);
            case 0x0200 -> matrix(SketchKind.COUNT_MIN, false, metadata, payload);
            case 0x0300 -> matrix(SketchKind.COUNT_MIN, true, metadata, payload);
            case 0x0400 -> matrix(SketchKind.COUNT_SKETCH, false, metadata, payload);
            case 0x0a00 -> matrix(SketchKind.COUNT_SKETCH, true, metadata, payload);
            case 0x0500 -> ddSketch(metadata, payload);
            default ->
                throw new SketchFormatException(Reason.UNSUPPORTED, "the ASAPv1 kind " + Integer.toHexString(kind));
        };
        payload.requireEnd();
        return sketch;
    }

    private static void requireLeft(ByteBuffer input, long bytes) throws SketchFormatException {
        if (input.remaining() < bytes) {
            throw new SketchFormatException(Reason.TRUNCATED, "the bytes end early");
        }
    }

    private static HyperLogLog hyperLogLog(HyperLogLog.Variant variant, AsapMetadata metadata, MsgpackReader payload)
            throws SketchFormatException {
        metadata.requireVersion(1, 1);
        metadata.requireKeys(AsapMetadata.HASH_KEYS, List.of("canonical_seed_index", "precision"));
        int index = (int) metadata.number("canonical_seed_index", HashProfile.SEEDS_MAX - 1);
        HashProfile profile = metadata.canonicalProfile(index);
        HyperLogLog sketch =
                States.hyperLogLog(variant, metadata.number("precision", HyperLogLog.PRECISION_MAX), profile);
        boolean isHip = variant == HyperLogLog.Variant.HIP;
        payload.array(isHip ? 4 : 1, "a HyperLogLog");
        States.registers(sketch, payload.binary());
        for (int i = 0; isHip && i < 3; i++) {
            if (Double.isNaN(payload.number())) {
                throw new SketchFormatException(Reason.MALFORMED, "a running estimate is no number");
            }
        }
        return sketch;
    }

    private static DdSketch ddSketch(AsapMetadata metadata, MsgpackReader payload) throws SketchFormatException {
        metadata.requireVersion(1, 2);
        metadata.requireKeys(List.of(), List.of("alpha"));
        boolean isSigned = metadata.version() == 2;
        DdSketch sketch = States.ddSketch(
                States.mapping(metadata.fraction("alpha")), payload.limits().bins());
        payload.array(isSigned ? 8 : 5, "a DDSketch");
        MsgpackCodec.bins(payload, sketch, true);
        double sum = payload.number();
        double smallest = payload.number();
        double largest = payload.number();
        if (isSigned) {
            MsgpackCodec.bins(payload, sketch, false);
            States.addZero(sketch, Values.exactCount(payload.whole()));
        }
        boolean isConsistent = sketch.count() == 0
                ? sum == 0 && smallest == Double.POSITIVE_INFINITY && largest == Double.NEGATIVE_INFINITY
                : Double.isFinite(sum) && Double.isFinite(smallest) && Double.isFinite(largest) && smallest <= largest;
        if (!isConsistent) {
            throw new SketchFormatException(
                    Reason.MALFORMED,
                    "sum " + sum + ", min " + smallest + " and max " + largest + " do not fit " + sketch.count()
                            + " values");
        }
        return sketch;
    }

    private static FrequencySketch matrix(
            SketchKind kind, boolean hasKeys, AsapMetadata metadata, MsgpackReader payload)
            throws SketchFormatException {
        List<String> structure = new ArrayList<>(List.of("matrix_seed_index", "rows", "cols", "counter_type", "mode"));
        if (hasKeys) {
            structure.addAll(List.of("k", "key_type"));
        }
        metadata.requireVersion(1, 1);
        metadata.requireKeys(AsapMetadata.HASH_KEYS, structure);
        int index = (int) metadata.number("matrix_seed_index", HashProfile.SEEDS_MAX - 1);
        FrequencySketch sketch = States.frequencySketch(
                kind,
                metadata.number("rows", Integer.MAX_VALUE),
                metadata.number("cols", Integer.MAX_VALUE),
                metadata.hashing(),
                metadata.matrixProfile(index),
                payload.limits());
        boolean isWhole = metadata.hasWholeCounters(kind);
        payload.array(hasKeys ? 3 : 1, "a matrix");
        int cells = payload.array();
        States.requireCells(sketch, cells);
        for (int i = 0; i < cells; i++) {
            States.cell(sketch, i, isWhole ? Values.exact(payload.whole()) : payload.number());
        }
        if (hasKeys) {
            keys(sketch, metadata, payload);
        }
        return sketch;
    }

    private static void keys(FrequencySketch sketch, AsapMetadata metadata, MsgpackReader payload)
            throws SketchFormatException {
        int size = payload.array();
        if (size > payload.limits().keysMax() || size > metadata.number("k", Integer.MAX_VALUE)) {
            throw new SketchFormatException(Reason.TOO_LARGE, size + " keys are more than there may be");
        }
        boolean isText = metadata.hasTextKeys(size);
        List<SketchKey> keys = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            keys.add(isText ? SketchKey.of(payload.text()) : SketchKey.of(payload.whole()));
        }
        if (keys.stream().distinct().count() != size) {
            throw new SketchFormatException(Reason.MALFORMED, "a key occurs twice");
        }
        payload.array(size, "the counts of keys");
        for (int i = 0; i < size; i++) {
            // What one producer believed; the matrix is asked instead.
            Values.exact(payload.whole());
        }
        States.candidates(sketch, keys);
    }
}
