package io.weir.sketch.hash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** XXH3 against vectors of another implementation. */
class Xxh3Test {
    @Test
    void equalsTheVectorsAtEveryLength() throws IOException {
        List<String> lines;
        try (InputStream in = Objects.requireNonNull(Xxh3Test.class.getResourceAsStream("xxh3.txt"))) {
            lines = new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList();
        }
        int checked = 0;
        for (String line : lines) {
            if (line.startsWith("#")) {
                continue;
            }
            String[] fields = line.split(" ", -1);
            byte[] input = input(Integer.parseInt(fields[0]));
            long seed = Long.parseUnsignedLong(fields[1], 16);
            assertThat(hex(Xxh3.hash64(input, seed))).as("64 bits, %s", line).isEqualTo(fields[2]);
            Xxh3.Hash128 hash = Xxh3.hash128(input, seed);
            assertThat(hex(hash.high()) + hex(hash.low()))
                    .as("128 bits, %s", line)
                    .isEqualTo(fields[3]);
            checked++;
        }
        assertThat(checked).isEqualTo(632);
    }

    @Test
    void aHashOf128BitsShiftsAcrossItsHalves() {
        Xxh3.Hash128 hash = new Xxh3.Hash128(0x0123456789abcdefL, 0x8877665544332211L);
        assertThat(hash.shiftedRight(0)).isEqualTo(0x0123456789abcdefL);
        assertThat(hash.shiftedRight(8)).isEqualTo(0x110123456789abcdL);
        assertThat(hash.shiftedRight(64)).isEqualTo(0x8877665544332211L);
        assertThat(hash.shiftedRight(72)).isEqualTo(0x0088776655443322L);
        assertThat(hash.bit(127)).isTrue();
        assertThat(hash.bit(126)).isFalse();
        assertThat(hash.bit(0)).isTrue();
        assertThat(hash.bit(4)).isFalse();
    }

    private static byte[] input(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) ((i * 2654435761L) >> 13);
        }
        return bytes;
    }

    private static String hex(long value) {
        return String.format("%016x", value);
    }
}
