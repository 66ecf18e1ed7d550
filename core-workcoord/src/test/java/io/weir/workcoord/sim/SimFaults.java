package io.weir.workcoord.sim;

import java.util.Random;

/** Which faults a world has and how often, all drawn from its seed. Probabilities are per mille. */
record SimFaults(
        int apis,
        int workers,
        int slots,
        int queries,
        int unitsMax,
        long latencyMillis,
        long executionMillis,
        int stallPerMille,
        int breakPerMille,
        int halfOpenPerMille,
        int latePerMille,
        long crashEveryMillis,
        long drainEveryMillis,
        long pauseEveryMillis,
        long apiCrashEveryMillis,
        long storageEveryMillis,
        int failPerMille,
        int finalFailPerMille,
        int artifactLostPerMille,
        int fetchFailPerMille,
        int cancelPerMille,
        int ignoreCancelPerMille) {
    static SimFaults draw(Random random) {
        return new SimFaults(
                1 + random.nextInt(3),
                1 + random.nextInt(5),
                1 + random.nextInt(4),
                1 + random.nextInt(12),
                1 + random.nextInt(20),
                1 + random.nextInt(random.nextBoolean() ? 5 : 300),
                1 + random.nextInt(random.nextBoolean() ? 50 : 5_000),
                some(random, 30),
                some(random, 20),
                some(random, 20),
                some(random, 500),
                everyMillis(random, 8_000),
                everyMillis(random, 12_000),
                everyMillis(random, 10_000),
                everyMillis(random, 15_000),
                everyMillis(random, 10_000),
                some(random, 150),
                some(random, 10),
                some(random, 50),
                some(random, 100),
                some(random, 150),
                some(random, 500));
    }

    private static int some(Random random, int maxPerMille) {
        return random.nextBoolean() ? 0 : 1 + random.nextInt(maxPerMille);
    }

    /** Mean time between two faults of a kind; 0 for never. */
    private static long everyMillis(Random random, int minMillis) {
        return random.nextInt(3) > 0 ? 0 : minMillis / 4 + random.nextInt(minMillis * 2);
    }
}
