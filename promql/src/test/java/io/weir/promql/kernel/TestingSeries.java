package io.weir.promql.kernel;

import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import java.util.Random;

/** Random series with what real ones have: jitter, gaps, resets, NaN, infinities, staleness markers. */
public final class TestingSeries {
    private TestingSeries() {}

    /** What a series looks like. */
    public enum Shape {
        REGULAR_COUNTER,
        JITTERED_COUNTER,
        SPARSE_GAUGE,
        WILD,
        EMPTY
    }

    public static SampleBuffer random(Random random, Shape shape, long startMillis, long endMillis, boolean stale) {
        SampleBuffer samples = new SampleBuffer(16);
        if (shape == Shape.EMPTY) {
            return samples;
        }
        long time = startMillis + random.nextInt(15_000);
        double value = random.nextInt(5) == 0 ? 0 : random.nextInt(1000);
        while (time <= endMillis) {
            value = next(random, shape, value);
            boolean isStale = stale && random.nextInt(12) == 0;
            samples.add(time, isStale ? StaleMarker.VALUE : special(random, shape, value));
            time += distance(random, shape);
        }
        return samples;
    }

    private static double next(Random random, Shape shape, double value) {
        return switch (shape) {
            case REGULAR_COUNTER, JITTERED_COUNTER ->
                random.nextInt(20) == 0 ? random.nextInt(3) : value + random.nextDouble() * 10;
            case SPARSE_GAUGE -> Math.rint(random.nextGaussian() * 4) / 8;
            case WILD, EMPTY -> Math.scalb(random.nextGaussian(), random.nextInt(80) - 40);
        };
    }

    private static double special(Random random, Shape shape, double value) {
        if (shape != Shape.WILD) {
            return value;
        }
        return switch (random.nextInt(40)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> Double.MAX_VALUE;
            case 4 -> -0.0;
            case 5 -> 1e100;
            case 6 -> -1e100;
            default -> value;
        };
    }

    private static long distance(Random random, Shape shape) {
        return switch (shape) {
            case REGULAR_COUNTER -> random.nextInt(60) == 0 ? 15_000L * (2 + random.nextInt(30)) : 15_000;
            case JITTERED_COUNTER -> 14_000 + random.nextInt(2_000);
            case SPARSE_GAUGE -> 1 + random.nextInt(200_000);
            case WILD, EMPTY -> 1 + random.nextInt(20_000);
        };
    }
}
