package io.weir.lake.artifact;

/**
 * Parquet's DELTA_BINARY_PACKED encoding of integers (blocks of 128 differences, 4 miniblocks each).
 *
 * <p>A column of equal values, or one that counts up, takes 5 bytes per 128 values. Source: apache/parquet-format, Encodings.md.
 */
final class DeltaPacking {
    private static final int BLOCK = 128;
    private static final int MINIBLOCKS = 4;
    private static final int MINIBLOCK = BLOCK / MINIBLOCKS;

    private DeltaPacking() {}

    static void encode(long[] values, int count, ByteSink sink) {
        sink.writeVarint(BLOCK);
        sink.writeVarint(MINIBLOCKS);
        sink.writeVarint(count);
        sink.writeZigzag(count == 0 ? 0 : values[0]);
        long[] deltas = new long[BLOCK];
        for (int from = 1; from < count; from += BLOCK) {
            int length = Math.min(BLOCK, count - from);
            encodeBlock(values, from, length, deltas, sink);
        }
    }

    private static void encodeBlock(long[] values, int from, int length, long[] deltas, ByteSink sink) {
        long minimum = Long.MAX_VALUE;
        long maximum = Long.MIN_VALUE;
        for (int i = 0; i < length; i++) {
            long delta = values[from + i] - values[from + i - 1];
            deltas[i] = delta;
            minimum = Math.min(minimum, delta);
            maximum = Math.max(maximum, delta);
        }
        sink.writeZigzag(minimum);
        if (minimum == maximum) {
            sink.writeInt(0);
            return;
        }
        for (int i = 0; i < length; i++) {
            deltas[i] -= minimum;
        }
        for (int i = length; i < BLOCK; i++) {
            deltas[i] = 0;
        }
        int widths = 0;
        for (int block = 0; block < MINIBLOCKS; block++) {
            widths |= width(deltas, block * MINIBLOCK) << (8 * block);
        }
        sink.writeInt(widths);
        for (int block = 0; block < MINIBLOCKS; block++) {
            pack(deltas, block * MINIBLOCK, (widths >>> (8 * block)) & 0xff, sink);
        }
    }

    private static int width(long[] deltas, int from) {
        long bits = 0;
        for (int i = from; i < from + MINIBLOCK; i++) {
            bits |= deltas[i];
        }
        return 64 - Long.numberOfLeadingZeros(bits);
    }

    private static void pack(long[] deltas, int from, int width, ByteSink sink) {
        if (width == 0) {
            return;
        }
        long pending = 0;
        int pendingBits = 0;
        for (int i = from; i < from + MINIBLOCK; i++) {
            long delta = deltas[i];
            pending |= delta << pendingBits;
            int bits = pendingBits + width;
            if (bits >= 64) {
                sink.writeLong(pending);
                pending = pendingBits == 0 ? 0 : delta >>> (64 - pendingBits);
                bits -= 64;
            }
            pendingBits = bits;
        }
        if (pendingBits > 0) {
            sink.writeInt((int) pending);
        }
    }

    /**
     * Decodes {@code count} values that lie in {@code bytes[from, to)}.
     *
     * @param bytes with {@link ArtifactFormat#SLACK_BYTES} readable bytes after {@code to}
     * @throws CorruptArtifactException if these bytes are no such encoding of so many values
     */
    static void decode(byte[] bytes, int from, int to, long[] values, int count) {
        new Reader(bytes, from, to).decode(values, count);
    }

    private static final class Reader {
        private final byte[] bytes;
        private final int end;
        private int position;

        Reader(byte[] bytes, int from, int to) {
            this.bytes = bytes;
            this.position = from;
            this.end = to;
        }

        void decode(long[] values, int count) {
            long block = varint();
            long miniblocks = varint();
            long total = varint();
            if (block != BLOCK || miniblocks != MINIBLOCKS || total != count) {
                throw new CorruptArtifactException("delta packing of " + total + " values in blocks of " + block + "/"
                        + miniblocks + ", expected " + count + " in blocks of " + BLOCK + "/" + MINIBLOCKS);
            }
            long value = zigzag();
            if (count == 0) {
                return;
            }
            values[0] = value;
            for (int filled = 1; filled < count; filled += BLOCK) {
                decodeBlock(values, filled, Math.min(BLOCK, count - filled));
            }
        }

        private void decodeBlock(long[] values, int from, int length) {
            long minimum = zigzag();
            need(MINIBLOCKS);
            int widths = (int) ArtifactFormat.INT_LITTLE_ENDIAN.get(bytes, position);
            position += MINIBLOCKS;
            long value = values[from - 1];
            if (widths == 0) {
                for (int i = 0; i < length; i++) {
                    value += minimum;
                    values[from + i] = value;
                }
                return;
            }
            int filled = 0;
            for (int block = 0; filled < length; block++) {
                int width = (widths >>> (8 * block)) & 0xff;
                if (width > 64) {
                    throw new CorruptArtifactException("delta packing with a width of " + width + " bits");
                }
                int size = MINIBLOCK / 8 * width;
                need(size);
                int take = Math.min(MINIBLOCK, length - filled);
                for (int i = 0; i < take; i++) {
                    value += minimum + unpack(i * width, width);
                    values[from + filled + i] = value;
                }
                position += size;
                filled += take;
            }
        }

        private long unpack(int bit, int width) {
            if (width == 0) {
                return 0;
            }
            int at = position + (bit >>> 3);
            int shift = bit & 7;
            long loaded = (long) ArtifactFormat.LONG_LITTLE_ENDIAN.get(bytes, at) >>> shift;
            if (shift + width > 64) {
                loaded |= (bytes[at + 8] & 0xffL) << (64 - shift);
            }
            return width == 64 ? loaded : loaded & ((1L << width) - 1);
        }

        private void need(int size) {
            if (size > end - position) {
                throw new CorruptArtifactException("delta packing ends early");
            }
        }

        private long varint() {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                need(1);
                byte next = bytes[position++];
                value |= (next & 0x7fL) << shift;
                if (next >= 0) {
                    return value;
                }
            }
            throw new CorruptArtifactException("delta packing with an endless integer");
        }

        private long zigzag() {
            long value = varint();
            return (value >>> 1) ^ -(value & 1);
        }
    }
}
