package io.weir.sketch;

import java.util.SplittableRandom;

/** Random numbers of tests, from a seed that is printed: {@code -Dweir.seed=N} runs the same again. */
public final class TestingRandom {
    public static final long SEED = Long.getLong("weir.seed", System.nanoTime());

    private TestingRandom() {}

    public static SplittableRandom of(Class<?> test) {
        System.out.println(test.getSimpleName() + " seed=" + SEED);
        return new SplittableRandom(SEED);
    }

    /** A standard normal number (Box and Muller). */
    public static double normal(SplittableRandom random) {
        return Math.sqrt(-2 * Math.log(1 - random.nextDouble())) * Math.cos(2 * Math.PI * random.nextDouble());
    }
}
