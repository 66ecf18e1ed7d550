package io.weir.workcoord.sim;

import java.util.SplittableRandom;

/** Choices that follow from a seed and a purpose, so that one purpose does not disturb the choices of another. */
final class SeededChoices implements Choices {
    private final SplittableRandom random;

    SeededChoices(long seed, String purpose) {
        this.random = new SplittableRandom(seed * 0x9e3779b97f4a7c15L + purpose.hashCode());
    }

    @Override
    public int below(int bound) {
        return random.nextInt(bound);
    }
}
