package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The hash by which limit_ratio samples series: XXH64 over the labels as Prometheus' default build keeps them, each text with its
 * length before it (Prometheus 3.14, model/labels/labels_stringlabels.go).
 */
final class LabelHash {
    /* Implementation notes: XXH64 as in its specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. */
    private static final long PRIME_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME_3 = 0x165667B19E3779F9L;
    private static final long PRIME_4 = 0x85EBCA77C2B2AE63L;
    private static final long PRIME_5 = 0x27D4EB2F165667C5L;
    private static final int ONE_BYTE_LENGTH_MAX = 254;

    private LabelHash() {}

    /** The hash as a share of the largest one, from 0 to 1. */
    static double offset(Labels labels) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < labels.size(); i++) {
            write(bytes, labels.name(i));
            write(bytes, labels.value(i));
        }
        return unsigned(xxh64(bytes.toByteArray())) / 0x1p64;
    }

    private static double unsigned(long hash) {
        return hash >= 0 ? hash : (double) (hash >>> 1 | hash & 1) * 2;
    }

    private static void write(ByteArrayOutputStream bytes, String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        if (encoded.length <= ONE_BYTE_LENGTH_MAX) {
            bytes.write(encoded.length);
        } else {
            bytes.write(255);
            bytes.write(encoded.length);
            bytes.write(encoded.length >> 8);
            bytes.write(encoded.length >> 16);
        }
        bytes.writeBytes(encoded);
    }

    static long xxh64(byte[] input) {
        ByteBuffer buffer = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        long hash = input.length >= 32 ? stripes(buffer) : PRIME_5;
        hash += input.length;
        while (buffer.remaining() >= 8) {
            hash ^= round(0, buffer.getLong());
            hash = Long.rotateLeft(hash, 27) * PRIME_1 + PRIME_4;
        }
        if (buffer.remaining() >= 4) {
            hash ^= (buffer.getInt() & 0xFFFFFFFFL) * PRIME_1;
            hash = Long.rotateLeft(hash, 23) * PRIME_2 + PRIME_3;
        }
        while (buffer.hasRemaining()) {
            hash ^= (buffer.get() & 0xFF) * PRIME_5;
            hash = Long.rotateLeft(hash, 11) * PRIME_1;
        }
        hash ^= hash >>> 33;
        hash *= PRIME_2;
        hash ^= hash >>> 29;
        hash *= PRIME_3;
        return hash ^ hash >>> 32;
    }

    private static long stripes(ByteBuffer buffer) {
        long a = 0x60EA27EEADC0B5D6L; // PRIME_1 + PRIME_2, overflowed
        long b = PRIME_2;
        long c = 0;
        long d = -PRIME_1;
        while (buffer.remaining() >= 32) {
            a = round(a, buffer.getLong());
            b = round(b, buffer.getLong());
            c = round(c, buffer.getLong());
            d = round(d, buffer.getLong());
        }
        long hash = Long.rotateLeft(a, 1) + Long.rotateLeft(b, 7) + Long.rotateLeft(c, 12) + Long.rotateLeft(d, 18);
        for (long lane : new long[] {a, b, c, d}) {
            hash = (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
        }
        return hash;
    }

    private static long round(long accumulator, long lane) {
        return Long.rotateLeft(accumulator + lane * PRIME_2, 31) * PRIME_1;
    }
}
