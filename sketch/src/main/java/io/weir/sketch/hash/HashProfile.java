package io.weir.sketch.hash;

import java.util.List;

/**
 * Which seeds a sketch was hashed with. Sketches merge only when their profiles are equal: the same item under other seeds
 * is another item.
 *
 * @param seeds the seed list, at least one and at most {@link #SEEDS_MAX}
 * @param canonicalIndex the seed of sketches that hash once an item (HyperLogLog)
 * @param matrixIndex the seed of row 0 of a matrix; row {@code r} takes {@code (matrixIndex + r) % seeds.size()}
 */
public record HashProfile(List<Long> seeds, int canonicalIndex, int matrixIndex) {
    public static final int SEEDS_MAX = 64;

    /** The list every known producer uses ({@code projectasap.xxh3.seedlist.v1}; report A3 and the ASAPv1 wire format, section 2). */
    public static final HashProfile STANDARD = new HashProfile(
            List.of(
                    0xcafe3553L,
                    0xade3415118L,
                    0x8cc70208L,
                    0x2f024b2bL,
                    0x451a3df5L,
                    0x6a09e667L,
                    0xbb67ae85L,
                    0x3c6ef372L,
                    0xa54ff53aL,
                    0x510e527fL,
                    0x9b05688cL,
                    0x1f83d9abL,
                    0x5be0cd19L,
                    0xcbbb9d5dL,
                    0x629a292aL,
                    0x9159015aL,
                    0x152fecd8L,
                    0x67332667L,
                    0x8eb44a87L,
                    0xdb0c2e0dL),
            5,
            0);

    public HashProfile {
        seeds = List.copyOf(seeds);
        if (seeds.isEmpty() || seeds.size() > SEEDS_MAX) {
            throw new IllegalArgumentException("a hash profile has 1 to " + SEEDS_MAX + " seeds, not " + seeds.size());
        }
        if (canonicalIndex < 0 || canonicalIndex >= seeds.size() || matrixIndex < 0 || matrixIndex >= seeds.size()) {
            throw new IllegalArgumentException("a seed index lies outside of the " + seeds.size() + " seeds");
        }
    }

    public long canonicalSeed() {
        return seeds.get(canonicalIndex);
    }

    /** The seed of a row that is hashed by itself. */
    public long rowSeed(int row) {
        return seeds.get((matrixIndex + row) % seeds.size());
    }
}
