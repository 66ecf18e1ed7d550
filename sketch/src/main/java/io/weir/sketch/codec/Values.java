package io.weir.sketch.codec;

import com.google.protobuf.CodedInputStream;
import io.weir.sketch.codec.SketchFormatException.Reason;
import java.util.Arrays;

/** A list of 64-bit values that grows with what is read, never with what is announced, and only up to a bound. */
final class Values {
    private static final int AT_FIRST = 64;

    /** Whole numbers beyond this are not exact as doubles. */
    static final long EXACT_MAX = 1L << 53;

    private final int sizeMax;
    private final String what;
    private long[] values = new long[AT_FIRST];
    private int size;

    Values(int sizeMax, String what) {
        this.sizeMax = sizeMax;
        this.what = what;
    }

    void add(long value) throws SketchFormatException {
        if (size == sizeMax) {
            throw new SketchFormatException(Reason.TOO_LARGE, "more than " + sizeMax + " " + what);
        }
        if (size == values.length) {
            values = Arrays.copyOf(values, (int) Math.min(sizeMax, 2L * size));
        }
        values[size++] = value;
    }

    int size() {
        return size;
    }

    long at(int index) {
        return values[index];
    }

    double doubleAt(int index) {
        return Double.longBitsToDouble(values[index]);
    }

    /** A count without a sign, as a double that equals it. */
    double countAt(int index) throws SketchFormatException {
        return exactCount(values[index]);
    }

    /** A signed number in zigzag form, as a double that equals it. */
    double zigzagAt(int index) throws SketchFormatException {
        return exact(CodedInputStream.decodeZigZag64(values[index]));
    }

    static double exactCount(long value) throws SketchFormatException {
        if (value < 0) {
            throw new SketchFormatException(
                    Reason.UNSUPPORTED, "a count of " + Long.toUnsignedString(value) + " is beyond 2^53");
        }
        return exact(value);
    }

    static double exact(long value) throws SketchFormatException {
        if (value > EXACT_MAX || value < -EXACT_MAX) {
            throw new SketchFormatException(Reason.UNSUPPORTED, "a count of " + value + " is beyond 2^53");
        }
        return value;
    }
}
