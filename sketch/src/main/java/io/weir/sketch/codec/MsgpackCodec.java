package io.weir.sketch.codec;

import io.weir.sketch.DdSketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.HashProfile;
import java.nio.ByteBuffer;

/**
 * Portable msgpack: a DDSketch as {@code [alpha, store_counts, store_offset]}, a HyperLogLog as
 * {@code [variant, precision, registers, hip_kxq0, hip_kxq1, hip_est]}.
 */
final class MsgpackCodec {
    private MsgpackCodec() {}

    static DdSketch ddSketch(byte[] bytes, DecodeLimits limits) throws SketchFormatException {
        MsgpackReader reader = new MsgpackReader(ByteBuffer.wrap(bytes), limits);
        reader.array(3, "a DDSketch");
        DdSketch sketch = States.ddSketch(States.mapping(reader.number()), limits.bins());
        bins(reader, sketch, true);
        reader.requireEnd();
        return sketch;
    }

    /** Reads the counts of consecutive bins and, after them, the index of the first. */
    static void bins(MsgpackReader reader, DdSketch sketch, boolean isPositive) throws SketchFormatException {
        int size = reader.array();
        Values counts = new Values(reader.limits().valuesMax(), "bins");
        for (int i = 0; i < size; i++) {
            counts.add(reader.whole());
        }
        long offset = reader.whole();
        if (offset != (int) offset) {
            throw new SketchFormatException(Reason.MALFORMED, "bins begin at " + offset);
        }
        for (int i = 0; i < size; i++) {
            States.addBin(sketch, isPositive, offset + i, counts.countAt(i));
        }
    }

    static HyperLogLog hyperLogLog(byte[] bytes, DecodeLimits limits) throws SketchFormatException {
        MsgpackReader reader = new MsgpackReader(ByteBuffer.wrap(bytes), limits);
        reader.array(6, "a HyperLogLog");
        HyperLogLog.Variant variant = reader.startsText() ? variant(reader.text()) : States.variant(reader.whole());
        HyperLogLog sketch = States.hyperLogLog(variant, reader.whole(), HashProfile.STANDARD);
        States.registers(sketch, reader.binary());
        for (int i = 0; i < 3; i++) {
            // The running estimate of a HIP sketch is of no use once it merges.
            double ignored = reader.number();
            if (Double.isNaN(ignored)) {
                throw new SketchFormatException(Reason.MALFORMED, "a running estimate is no number");
            }
        }
        reader.requireEnd();
        return sketch;
    }

    private static HyperLogLog.Variant variant(String name) throws SketchFormatException {
        return switch (name) {
            case "Regular" -> HyperLogLog.Variant.REGULAR;
            case "Datafusion", "ErtlMle" -> HyperLogLog.Variant.ERTL_MLE;
            case "Hip" -> HyperLogLog.Variant.HIP;
            default -> throw new SketchFormatException(Reason.MALFORMED, "no variant of HyperLogLog: " + name);
        };
    }
}
