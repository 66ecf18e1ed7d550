package io.weir.lake.artifact;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growable, reusable array of little-endian bytes. */
final class ByteSink extends OutputStream {
    private byte[] bytes;
    private int size;

    ByteSink(int capacity) {
        bytes = new byte[capacity];
    }

    byte[] array() {
        return bytes;
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }

    private void ensure(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length * 2));
        }
    }

    @Override
    public void write(int value) {
        ensure(1);
        bytes[size++] = (byte) value;
    }

    @Override
    public void write(byte[] source, int offset, int length) {
        ensure(length);
        System.arraycopy(source, offset, bytes, size, length);
        size += length;
    }

    void writeInt(int value) {
        ensure(4);
        ArtifactFormat.INT_LITTLE_ENDIAN.set(bytes, size, value);
        size += 4;
    }

    void putIntAt(int offset, int value) {
        ArtifactFormat.INT_LITTLE_ENDIAN.set(bytes, offset, value);
    }

    void writeLong(long value) {
        ensure(8);
        ArtifactFormat.LONG_LITTLE_ENDIAN.set(bytes, size, value);
        size += 8;
    }

    void writeVarint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            write((int) (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        write((int) rest);
    }

    void writeZigzag(long value) {
        writeVarint((value << 1) ^ (value >> 63));
    }

    /** The doubles' bits, 8 bytes each. */
    void writeDoubles(double[] values, int count) {
        ensure(count * 8);
        ByteBuffer.wrap(bytes, size, count * 8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asDoubleBuffer()
                .put(values, 0, count);
        size += count * 8;
    }

    void writeText(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        write(encoded, 0, encoded.length);
    }
}
