package io.weir.ingest.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A label set as the bytes a sender encoded it in: the key under which a known series is found without decoding its labels.
 *
 * <p>As a probe it points into a request's buffer and is moved from series to series; as a key in a map it owns its bytes.
 */
public final class LabelBytes {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

    private final long seed;
    private byte[] bytes = new byte[0];
    private int offset;
    private int length;
    private int hash;

    /** A probe; the seed keeps senders from choosing colliding keys. */
    public LabelBytes(long seed) {
        this.seed = seed;
    }

    /** Points this probe at a range of a buffer. */
    public LabelBytes set(byte[] buffer, int from, int to) {
        bytes = buffer;
        offset = from;
        length = to - from;
        hash = hash(buffer, from, length, seed);
        return this;
    }

    /** A key with its own copy of the bytes. */
    LabelBytes copy() {
        LabelBytes copy = new LabelBytes(seed);
        copy.bytes = Arrays.copyOfRange(bytes, offset, offset + length);
        copy.offset = 0;
        copy.length = length;
        copy.hash = hash;
        return copy;
    }

    private static int hash(byte[] buffer, int from, int length, long seed) {
        long state = seed ^ length;
        int position = from;
        int end = from + length;
        for (; position + 8 <= end; position += 8) {
            long word = (long) LONGS.get(buffer, position);
            state = (state ^ word) * MULTIPLIER;
            state ^= state >>> 29;
        }
        long tail = 0;
        for (; position < end; position++) {
            tail = (tail << 8) | (buffer[position] & 0xff);
        }
        state = (state ^ tail) * MULTIPLIER;
        state ^= state >>> 32;
        return (int) state;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof LabelBytes other
                && hash == other.hash
                && Arrays.equals(
                        bytes, offset, offset + length, other.bytes, other.offset, other.offset + other.length);
    }
}
