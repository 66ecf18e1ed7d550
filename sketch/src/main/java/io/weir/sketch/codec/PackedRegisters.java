package io.weir.sketch.codec;

import io.weir.sketch.HyperLogLog;
import io.weir.sketch.codec.SketchFormatException.Reason;
import java.io.ByteArrayOutputStream;

/** Registers as pairs of varints, ascending: the distance to the index before (the first: the index) and the value. */
final class PackedRegisters {
    private PackedRegisters() {}

    /** What takes the pairs. */
    @FunctionalInterface
    interface Target {
        void register(long index, long rank) throws SketchFormatException;
    }

    static void read(byte[] packed, Target target) throws SketchFormatException {
        int[] position = {0};
        long index = 0;
        boolean isFirst = true;
        while (position[0] < packed.length) {
            long distance = varint(packed, position);
            long rank = varint(packed, position);
            if (distance == 0 && !isFirst) {
                throw new SketchFormatException(Reason.MALFORMED, "register " + index + " occurs twice");
            }
            isFirst = false;
            index += distance;
            target.register(index, rank);
        }
    }

    /** A varint of at most five bytes: no index or rank needs more. */
    private static long varint(byte[] bytes, int[] position) throws SketchFormatException {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            if (position[0] == bytes.length) {
                throw new SketchFormatException(Reason.TRUNCATED, "packed registers end early");
            }
            byte next = bytes[position[0]++];
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new SketchFormatException(Reason.MALFORMED, "packed registers hold a number beyond 32 bits");
    }

    static byte[] write(HyperLogLog sketch) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] before = {0};
        sketch.forEachRegister((index, rank) -> {
            writeVarint(bytes, index - before[0]);
            writeVarint(bytes, rank);
            before[0] = index;
        });
        return bytes.toByteArray();
    }

    private static void writeVarint(ByteArrayOutputStream bytes, int value) {
        int rest = value;
        while (rest > 0x7F) {
            bytes.write((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        bytes.write(rest);
    }
}
