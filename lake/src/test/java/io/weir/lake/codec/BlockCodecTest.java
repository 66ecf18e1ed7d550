package io.weir.lake.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.lake.segment.CorruptSegmentException;
import io.weir.promql.series.SampleBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Round trips, damage and bounds of the block codec. */
final class BlockCodecTest {
    private final BlockEncoder encoder = new BlockEncoder();
    private final BlockDecoder decoder = new BlockDecoder();
    private final EncodedBlock block = new EncodedBlock();
    private final SampleBuffer input = new SampleBuffer(16);
    private final SampleBuffer output = new SampleBuffer(16);

    @Test
    void roundTripsRandomBlocksBitByBit() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int[] kinds = new int[4];
        int withExceptions = 0;
        for (int round = 0; round < 30_000; round++) {
            input.clear();
            int countMax = round % 100 == 0 ? 20_000 : round % 3 == 0 ? 10 : 500;
            TestingSamples.fill(random, input, countMax, start(random, round));
            roundTrip("seed " + seed + " round " + round);
            kinds[block.kind]++;
            if (block.vx > 0 && block.rx > 0 && block.tx > 0) {
                withExceptions++;
            }
        }
        assertThat(kinds).as("every kind is tried, seed %d", seed).doesNotContain(0);
        assertThat(withExceptions)
                .as("blocks with every exception, seed %d", seed)
                .isPositive();
    }

    private static long start(Random random, int round) {
        return switch (round % 7) {
            case 0 -> Long.MIN_VALUE;
            case 1 -> Long.MAX_VALUE - (1L << 46);
            case 2 -> -5_000_000L;
            case 3 -> random.nextLong() >> 1;
            default -> 1_700_000_000_000L + random.nextInt();
        };
    }

    private void roundTrip(String description) {
        encoder.encode(input.timestamps(), input.values(), 0, input.size(), block);
        // Exactly as many bytes as a file holds, so that nothing depends on what lies behind.
        EncodedBlock stored = new EncodedBlock();
        stored.copyHeader(block);
        stored.data = Arrays.copyOfRange(block.data, block.offset, block.offset + block.length);
        stored.length = block.length;
        output.clear();
        output.add(Long.MIN_VALUE, 42);
        decoder.decode(stored, output);
        assertThat(output.size()).as(description).isEqualTo(input.size() + 1);
        assertThat(output.values()[0]).isEqualTo(42);
        for (int i = 0; i < input.size(); i++) {
            if (output.timestamps()[i + 1] != input.timestamps()[i]
                    || Double.doubleToRawLongBits(output.values()[i + 1])
                            != Double.doubleToRawLongBits(input.values()[i])) {
                throw new AssertionError(description + ": sample " + i + " of " + input.size() + " of kind "
                        + block.kind + " came back as " + output.timestamps()[i + 1] + " " + output.values()[i + 1]
                        + " instead of " + input.timestamps()[i] + " " + input.values()[i]);
            }
        }
    }

    @Test
    void damageThrowsOrDecodesToTheRightLength() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int thrown = 0;
        for (int round = 0; round < 60_000; round++) {
            if (round % 20 == 0) {
                input.clear();
                TestingSamples.fill(random, input, 300, 1_700_000_000_000L);
                encoder.encode(input.timestamps(), input.values(), 0, input.size(), block);
            }
            EncodedBlock damaged = new EncodedBlock();
            damaged.copyHeader(block);
            damaged.data = Arrays.copyOfRange(block.data, 0, block.length);
            damaged.length = block.length;
            int wounds = 1 + random.nextInt(3);
            for (int i = 0; i < wounds; i++) {
                damage(random, damaged);
            }
            output.clear();
            try {
                decoder.decode(damaged, output);
                assertThat(output.size()).as("seed %d round %d", seed, round).isEqualTo(damaged.n);
                for (int i = 1; i < output.size(); i++) {
                    if (output.timestamps()[i] <= output.timestamps()[i - 1]) {
                        throw new AssertionError("times descend, seed " + seed + " round " + round);
                    }
                }
            } catch (CorruptSegmentException e) {
                thrown++;
                assertThat(output.size())
                        .as("nothing appended, seed %d round %d", seed, round)
                        .isZero();
            }
        }
        assertThat(thrown).as("seed %d", seed).isGreaterThan(10_000);
    }

    private static void damage(Random random, EncodedBlock block) {
        int any = random.nextBoolean() ? random.nextInt(70) : random.nextInt();
        switch (random.nextInt(16)) {
            case 0 -> block.n = any;
            case 1 -> block.dt = any;
            case 2 -> block.tw = any;
            case 3 -> block.tx = any;
            case 4 -> block.kind = random.nextInt(6);
            case 5 -> block.e = any;
            case 6 -> block.w = any;
            case 7 -> block.m0 = random.nextLong();
            case 8 -> block.dmin = random.nextLong();
            case 9 -> block.vx = any;
            case 10 -> block.rx = any;
            case 11 -> block.t1 = random.nextBoolean() ? random.nextLong() : block.t1 + any;
            case 12 -> block.t0 = random.nextBoolean() ? random.nextLong() : block.t0 + any;
            case 13 -> block.length = any;
            default -> {
                if (block.data.length > 0) {
                    block.data[random.nextInt(block.data.length)] ^= (byte) (1 + random.nextInt(255));
                }
            }
        }
    }

    @Test
    void packsOrdinarySeriesTightly() {
        for (int i = 0; i < 480; i++) {
            input.add(1_700_000_000_000L + i * 15_000L, 1);
        }
        roundTrip("constant");
        assertThat(block.length).isZero();
        input.clear();
        Random random = new Random(7);
        double value = 0;
        for (int i = 0; i < 480; i++) {
            value += random.nextInt(1500);
            input.add(1_700_000_000_000L + i * 15_000L, i == 300 ? 0 : value / 1000);
            value = i == 300 ? 0 : value;
        }
        roundTrip("counter with a reset");
        assertThat(block.kind).isEqualTo(BlockFormat.DECIMAL_DELTA);
        assertThat(block.w).isEqualTo(11);
        assertThat(block.vx).isEqualTo(1);
        assertThat(block.length).isEqualTo((479 * 11 + 7) / 8 + 10);
    }

    @Test
    void keepsWithinTheBounds() {
        for (int i = 0; i < BlockFormat.SAMPLES_MAX; i++) {
            input.add(i, i % 1000 == 999 ? Double.NaN : i * 0.5);
        }
        roundTrip("most samples");
        input.add(BlockFormat.SAMPLES_MAX, 1);
        assertThatThrownBy(() -> encoder.encode(input.timestamps(), input.values(), 0, input.size(), block))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("65536");
        assertThatThrownBy(() -> encoder.encode(new long[] {5, 5}, new double[2], 0, 2, block))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("do not ascend");
        assertThatThrownBy(
                        () -> encoder.encode(new long[] {Long.MIN_VALUE, Long.MAX_VALUE}, new double[2], 0, 2, block))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spans");
        assertThatThrownBy(() -> encoder.encode(new long[0], new double[0], 0, 0, block))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
