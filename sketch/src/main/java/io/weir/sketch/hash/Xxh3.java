package io.weir.sketch.hash;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * XXH3 with a seed: 64 and 128 bits over bytes in memory.
 *
 * <p>Written from the published algorithm (xxHash specification, "XXH3 algorithm"); checked against vectors made with
 * python-xxhash over every length from 0 to 300 and some longer ones. Not a cryptographic hash.
 */
public final class Xxh3 {
    /* Implementation notes: lengths up to 16, 128 and 240 bytes and longer ones each have their own way; the long one works
     * on blocks of 1,024 bytes made of stripes of 64. Unsigned arithmetic is two's complement arithmetic here. */

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long PRIME32_1 = 0x9E3779B1L;
    private static final long PRIME32_2 = 0x85EBCA77L;
    private static final long PRIME32_3 = 0xC2B2AE3DL;
    private static final long PRIME64_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME64_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME64_3 = 0x165667B19E3779F9L;
    private static final long PRIME64_4 = 0x85EBCA77C2B2AE63L;
    private static final long PRIME64_5 = 0x27D4EB2F165667C5L;
    private static final long MIX_AVALANCHE = 0x165667919E3779F9L;
    private static final long MIX_SHORT = 0x9FB21C651E98DF25L;

    private static final int STRIPE_BYTES = 64;
    private static final int STRIPES_PER_BLOCK = 16;
    private static final int BLOCK_BYTES = STRIPE_BYTES * STRIPES_PER_BLOCK;
    private static final int SECRET_BYTES = 192;
    private static final int SECRET_LAST = SECRET_BYTES - STRIPE_BYTES;
    private static final int SECRET_MERGE = 11;

    /** The default secret of the specification. */
    private static final byte[] SECRET = HexFormat.of()
            .parseHex("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
                    + "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
                    + "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
                    + "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
                    + "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
                    + "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e");

    private Xxh3() {}

    /** 128 bits of hash: the lower and the upper half. */
    public record Hash128(long low, long high) {
        /** The bits from {@code shift} up, as the lower 64 of them. */
        public long shiftedRight(int shift) {
            if (shift == 0) {
                return low;
            }
            return shift < 64 ? (low >>> shift) | (high << (64 - shift)) : high >>> (shift - 64);
        }

        /** Whether bit {@code index} (0 is the lowest) is set. */
        public boolean bit(int index) {
            return ((index < 64 ? low >>> index : high >>> (index - 64)) & 1) != 0;
        }
    }

    /** The 64-bit hash of all of {@code input}. */
    public static long hash64(byte[] input, long seed) {
        int length = input.length;
        if (length <= 16) {
            return shortHash64(input, length, seed);
        }
        if (length <= 128) {
            return avalanche(mixHalves(input, length, seed));
        }
        if (length <= 240) {
            return middleHash64(input, length, seed);
        }
        byte[] secret = secretOf(seed);
        return mergeAccumulators(accumulate(input, secret), secret, SECRET_MERGE, length * PRIME64_1);
    }

    /** The 128-bit hash of all of {@code input}. */
    public static Hash128 hash128(byte[] input, long seed) {
        int length = input.length;
        if (length <= 16) {
            return shortHash128(input, length, seed);
        }
        if (length <= 240) {
            return middleHash128(input, length, seed);
        }
        byte[] secret = secretOf(seed);
        long[] accumulators = accumulate(input, secret);
        return new Hash128(
                mergeAccumulators(accumulators, secret, SECRET_MERGE, length * PRIME64_1),
                mergeAccumulators(accumulators, secret, SECRET_LAST - SECRET_MERGE, ~(length * PRIME64_2)));
    }

    private static long shortHash64(byte[] input, int length, long seed) {
        if (length > 8) {
            long low = longAt(input, 0) ^ ((secret(24) ^ secret(32)) + seed);
            long high = longAt(input, length - 8) ^ ((secret(40) ^ secret(48)) - seed);
            return avalanche(length + Long.reverseBytes(low) + high + foldedProduct(low, high));
        }
        if (length >= 4) {
            return hashUpToEight(intAt(input, 0), intAt(input, length - 4), length, seed);
        }
        if (length > 0) {
            long flip = ((intAt(SECRET, 0) ^ intAt(SECRET, 4)) & 0xFFFFFFFFL) + seed;
            return avalanche64((combined(input, length) & 0xFFFFFFFFL) ^ flip);
        }
        return avalanche64(seed ^ secret(56) ^ secret(64));
    }

    private static long hashUpToEight(int first, int last, int length, long seed) {
        long mixedSeed = seed ^ ((Integer.reverseBytes((int) seed) & 0xFFFFFFFFL) << 32);
        long flip = (secret(8) ^ secret(16)) - mixedSeed;
        long hash = ((last & 0xFFFFFFFFL) + ((long) first << 32)) ^ flip;
        hash ^= Long.rotateLeft(hash, 49) ^ Long.rotateLeft(hash, 24);
        hash *= MIX_SHORT;
        hash ^= (hash >>> 35) + length;
        hash *= MIX_SHORT;
        return hash ^ (hash >>> 28);
    }

    private static int combined(byte[] input, int length) {
        int first = input[0] & 0xFF;
        int middle = input[length >> 1] & 0xFF;
        int last = input[length - 1] & 0xFF;
        return (first << 16) | (middle << 24) | last | (length << 8);
    }

    private static long mixHalves(byte[] input, int length, long seed) {
        long sum = length * PRIME64_1;
        for (int i = (length - 1) / 32; i >= 0; i--) {
            sum += mix16(input, 16 * i, 32 * i, seed);
            sum += mix16(input, length - 16 * (i + 1), 32 * i + 16, seed);
        }
        return sum;
    }

    private static long middleHash64(byte[] input, int length, long seed) {
        long sum = length * PRIME64_1;
        for (int i = 0; i < 8; i++) {
            sum += mix16(input, 16 * i, 16 * i, seed);
        }
        sum = avalanche(sum);
        for (int i = 8; i < length / 16; i++) {
            sum += mix16(input, 16 * i, 16 * (i - 8) + 3, seed);
        }
        return avalanche(sum + mix16(input, length - 16, 136 - 17, seed));
    }

    private static Hash128 shortHash128(byte[] input, int length, long seed) {
        if (length > 8) {
            long lowFlip = (secret(32) ^ secret(40)) - seed;
            long highFlip = (secret(48) ^ secret(56)) + seed;
            long last = longAt(input, length - 8);
            long mixed = longAt(input, 0) ^ last ^ lowFlip;
            long low = mixed * PRIME64_1 + ((long) (length - 1) << 54);
            long high = Math.unsignedMultiplyHigh(mixed, PRIME64_1);
            last ^= highFlip;
            high += last + (last & 0xFFFFFFFFL) * (PRIME32_2 - 1);
            low ^= Long.reverseBytes(high);
            return new Hash128(
                    avalanche(low * PRIME64_2),
                    avalanche(Math.unsignedMultiplyHigh(low, PRIME64_2) + high * PRIME64_2));
        }
        if (length >= 4) {
            long mixedSeed = seed ^ ((Integer.reverseBytes((int) seed) & 0xFFFFFFFFL) << 32);
            long value = (intAt(input, 0) & 0xFFFFFFFFL) + ((long) intAt(input, length - 4) << 32);
            long keyed = value ^ ((secret(16) ^ secret(24)) + mixedSeed);
            long factor = PRIME64_1 + ((long) length << 2);
            long low = keyed * factor;
            long high = Math.unsignedMultiplyHigh(keyed, factor) + (low << 1);
            low ^= high >>> 3;
            low = (low ^ (low >>> 35)) * MIX_SHORT;
            return new Hash128(low ^ (low >>> 28), avalanche(high));
        }
        if (length > 0) {
            int lowCombined = combined(input, length);
            int highCombined = Integer.rotateLeft(Integer.reverseBytes(lowCombined), 13);
            long lowFlip = ((intAt(SECRET, 0) ^ intAt(SECRET, 4)) & 0xFFFFFFFFL) + seed;
            long highFlip = ((intAt(SECRET, 8) ^ intAt(SECRET, 12)) & 0xFFFFFFFFL) - seed;
            return new Hash128(
                    avalanche64((lowCombined & 0xFFFFFFFFL) ^ lowFlip),
                    avalanche64((highCombined & 0xFFFFFFFFL) ^ highFlip));
        }
        return new Hash128(avalanche64(seed ^ secret(64) ^ secret(72)), avalanche64(seed ^ secret(80) ^ secret(88)));
    }

    private static Hash128 middleHash128(byte[] input, int length, long seed) {
        long[] halves = {length * PRIME64_1, 0};
        if (length <= 128) {
            for (int i = (length - 1) / 32; i >= 0; i--) {
                mix32(halves, input, 16 * i, length - 16 * (i + 1), 32 * i, seed);
            }
        } else {
            for (int i = 0; i < 4; i++) {
                mix32(halves, input, 32 * i, 32 * i + 16, 32 * i, seed);
            }
            halves[0] = avalanche(halves[0]);
            halves[1] = avalanche(halves[1]);
            for (int i = 4; i < length / 32; i++) {
                mix32(halves, input, 32 * i, 32 * i + 16, 3 + 32 * (i - 4), seed);
            }
            mix32(halves, input, length - 16, length - 32, 136 - 17 - 16, -seed);
        }
        long low = halves[0] + halves[1];
        long high = halves[0] * PRIME64_1 + halves[1] * PRIME64_4 + (length - seed) * PRIME64_2;
        return new Hash128(avalanche(low), -avalanche(high));
    }

    private static void mix32(long[] halves, byte[] input, int first, int second, int secretOffset, long seed) {
        halves[0] += mix16(input, first, secretOffset, seed);
        halves[0] ^= longAt(input, second) + longAt(input, second + 8);
        halves[1] += mix16(input, second, secretOffset + 16, seed);
        halves[1] ^= longAt(input, first) + longAt(input, first + 8);
    }

    private static long[] accumulate(byte[] input, byte[] secret) {
        long[] sums = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};
        int length = input.length;
        int stripes = (length - 1) / STRIPE_BYTES;
        for (int stripe = 0; stripe < stripes; stripe++) {
            int inBlock = stripe % STRIPES_PER_BLOCK;
            accumulateStripe(sums, input, stripe * STRIPE_BYTES, secret, 8 * inBlock);
            if (inBlock == STRIPES_PER_BLOCK - 1
                    && (stripe + 1) * STRIPE_BYTES <= length - 1 - (length - 1) % BLOCK_BYTES) {
                scramble(sums, secret);
            }
        }
        accumulateStripe(sums, input, length - STRIPE_BYTES, secret, SECRET_LAST - 7);
        return sums;
    }

    private static void accumulateStripe(long[] sums, byte[] input, int offset, byte[] secret, int secretOffset) {
        for (int i = 0; i < 8; i++) {
            long value = longAt(input, offset + 8 * i);
            long keyed = value ^ longAt(secret, secretOffset + 8 * i);
            sums[i ^ 1] += value;
            sums[i] += (keyed & 0xFFFFFFFFL) * (keyed >>> 32);
        }
    }

    private static void scramble(long[] sums, byte[] secret) {
        for (int i = 0; i < 8; i++) {
            sums[i] = (sums[i] ^ (sums[i] >>> 47) ^ longAt(secret, SECRET_LAST + 8 * i)) * PRIME32_1;
        }
    }

    private static long mergeAccumulators(long[] sums, byte[] secret, int secretOffset, long start) {
        long result = start;
        for (int i = 0; i < 4; i++) {
            result += foldedProduct(
                    sums[2 * i] ^ longAt(secret, secretOffset + 16 * i),
                    sums[2 * i + 1] ^ longAt(secret, secretOffset + 16 * i + 8));
        }
        return avalanche(result);
    }

    private static byte[] secretOf(long seed) {
        if (seed == 0) {
            return SECRET;
        }
        byte[] secret = new byte[SECRET_BYTES];
        for (int i = 0; i < SECRET_BYTES; i += 16) {
            LONG.set(secret, i, secret(i) + seed);
            LONG.set(secret, i + 8, secret(i + 8) - seed);
        }
        return secret;
    }

    private static long mix16(byte[] input, int offset, int secretOffset, long seed) {
        return foldedProduct(
                longAt(input, offset) ^ (secret(secretOffset) + seed),
                longAt(input, offset + 8) ^ (secret(secretOffset + 8) - seed));
    }

    private static long foldedProduct(long a, long b) {
        return (a * b) ^ Math.unsignedMultiplyHigh(a, b);
    }

    private static long avalanche(long value) {
        long hash = (value ^ (value >>> 37)) * MIX_AVALANCHE;
        return hash ^ (hash >>> 32);
    }

    private static long avalanche64(long value) {
        long hash = (value ^ (value >>> 33)) * PRIME64_2;
        hash = (hash ^ (hash >>> 29)) * PRIME64_3;
        return hash ^ (hash >>> 32);
    }

    private static long secret(int offset) {
        return longAt(SECRET, offset);
    }

    private static long longAt(byte[] bytes, int offset) {
        return (long) LONG.get(bytes, offset);
    }

    private static int intAt(byte[] bytes, int offset) {
        return (int) INT.get(bytes, offset);
    }
}
