package io.weir.lake.codec;

import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import java.util.Random;

/** Random series of every ordinary and every nasty sort, from a seed. */
public final class TestingSamples {
    private static final double[] NASTY = {
        StaleMarker.VALUE,
        Double.NaN,
        Double.longBitsToDouble(0x7ff8000000000001L),
        Double.longBitsToDouble(0xfff8deadbeef0000L),
        Double.longBitsToDouble(0x7ff0000000000001L),
        -0.0,
        0.0,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        Double.MIN_VALUE,
        -Double.MIN_VALUE,
        Double.MIN_NORMAL,
        Double.MAX_VALUE,
        9.007199254740993e15,
        8.999999999999999e15,
        1e-18,
        0.1,
        1.0 / 3,
        1e300
    };

    private TestingSamples() {}

    /** Appends a random number of samples up to the given one, ascending from a random or the given time. */
    public static void fill(Random random, SampleBuffer buffer, int countMax, long start) {
        int count = random.nextInt(8) == 0 ? 1 : 1 + random.nextInt(countMax);
        int timeSort = random.nextInt(5);
        int valueSort = random.nextInt(12);
        long interval = 1 + random.nextInt(60_000);
        long time = start;
        double value = random.nextInt(1_000_000);
        for (int i = 0; i < count; i++) {
            value = value(random, valueSort, value, i);
            boolean nasty = random.nextInt(valueSort == 7 ? 3 : 50) == 0 && valueSort >= 6;
            buffer.add(time, nasty ? NASTY[random.nextInt(NASTY.length)] : value);
            time += step(random, timeSort, interval);
        }
    }

    private static long step(Random random, int sort, long interval) {
        return switch (sort) {
            case 0, 1 -> interval;
            case 2 -> Math.max(1, interval + random.nextInt(5) - 2);
            case 3 -> random.nextInt(40) == 0 ? interval * (2 + random.nextInt(100)) : interval;
            default -> 1 + random.nextInt(1 << (1 + random.nextInt(20)));
        };
    }

    private static double value(Random random, int sort, double previous, int index) {
        return switch (sort) {
            case 0 -> previous;
            case 1 -> previous + random.nextInt(100);
            case 2 -> Math.rint((previous + random.nextDouble() * 10) * 1000) / 1000;
            case 3 -> random.nextInt(60) == 0 ? 0 : previous + random.nextInt(1000);
            case 4 -> Math.rint(random.nextGaussian() * 1e6) / 1e4;
            case 5 -> previous + random.nextDouble();
            case 6, 7 -> previous + random.nextInt(3);
            case 8 -> Double.longBitsToDouble(random.nextLong());
            case 9 -> NASTY[random.nextInt(NASTY.length)];
            case 10 -> random.nextInt(9) == 0 ? random.nextDouble() : random.nextInt(1 << 30);
            default -> (index % 100) * 1e13 * (random.nextBoolean() ? 1 : -1);
        };
    }
}
