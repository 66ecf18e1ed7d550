package io.weir.queryapi.autoscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The formula: what it gives for known loads, and what holds for every load. */
final class DesiredWorkersTest {
    /** Half of 8 credits: 4 pieces of work for each worker; the queue counts up to four times from 2 s of age on. */
    private static final AutoscaleSettings SETTINGS = new AutoscaleSettings(1, 20, 0.5, 8, 2_000, 4, 60_000);

    private static int of(int queued, long oldestMillis, int inFlight) {
        return DesiredWorkers.of(SETTINGS, queued, oldestMillis, inFlight, 8);
    }

    @Test
    void workIsDividedByWhatOneWorkerShouldHave() {
        assertThat(of(0, 0, 0)).isEqualTo(1);
        assertThat(of(0, 0, 4)).isEqualTo(1);
        assertThat(of(0, 0, 5)).isEqualTo(2);
        assertThat(of(6, 100, 2)).isEqualTo(2);
        assertThat(of(7, 100, 2)).isEqualTo(3);
        assertThat(of(1_000_000, 100, 0)).isEqualTo(20);
    }

    @Test
    void withoutWorkersTheMinimumIsAskedForAndWaitingWorkAsksForMore() {
        AutoscaleSettings toZero = new AutoscaleSettings(0, 20, 0.5, 8, 2_000, 4, 60_000);
        assertThat(DesiredWorkers.of(toZero, 0, 0, 0, 8)).isZero();
        assertThat(DesiredWorkers.of(toZero, 1, 0, 0, 8)).isEqualTo(1);
        assertThat(DesiredWorkers.of(toZero, 64, 0, 0, 8)).isEqualTo(16);
        assertThat(of(0, 0, 0)).isEqualTo(1);
    }

    @Test
    void anOldQueueCountsMoreAndWhatRunsDoesNot() {
        assertThat(of(8, 2_000, 0)).isEqualTo(2);
        assertThat(of(8, 4_000, 0)).isEqualTo(4);
        assertThat(of(8, 8_000, 0)).isEqualTo(8);
        assertThat(of(8, 3_600_000, 0)).as("bounded").isEqualTo(8);
        assertThat(of(0, 3_600_000, 8)).isEqualTo(2);
    }

    @Test
    void aWorkerAlwaysTakesAPiece() {
        assertThat(DesiredWorkers.of(SETTINGS, 3, 0, 0, 1)).isEqualTo(3);
        assertThat(DesiredWorkers.of(SETTINGS, 3, 0, 0, 0)).isEqualTo(3);
    }

    @Test
    void moreLoadNeverAsksForFewerWorkersAndMovingWorkToAWorkerChangesNothing() {
        long seed = Long.getLong("weir.seed", 20_261_121L);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 200_000; i++) {
            AutoscaleSettings settings = settings(random);
            int queued = random.nextInt(0, 1 << random.nextInt(1, 24));
            int inFlight = random.nextInt(0, 1 << random.nextInt(1, 24));
            long age = random.nextLong(0, 1L << random.nextInt(1, 40));
            double credits = random.nextInt(0, 100) / 4.0;
            int desired = DesiredWorkers.of(settings, queued, age, inFlight, credits);
            String which = "seed=" + seed + " run " + i + " " + settings;
            assertThat(desired).as(which).isBetween(settings.workersMin(), settings.workersMax());
            assertThat(DesiredWorkers.of(settings, queued + random.nextInt(1, 100), age, inFlight, credits))
                    .as("deeper queue, %s", which)
                    .isGreaterThanOrEqualTo(desired);
            assertThat(DesiredWorkers.of(settings, queued, age + random.nextInt(1, 10_000), inFlight, credits))
                    .as("older queue, %s", which)
                    .isGreaterThanOrEqualTo(desired);
            assertThat(DesiredWorkers.of(settings, queued, age, inFlight + random.nextInt(1, 100), credits))
                    .as("more running, %s", which)
                    .isGreaterThanOrEqualTo(desired);
            if (age <= settings.oldestTargetMillis() && queued > 0) {
                int moved = random.nextInt(1, queued + 1);
                assertThat(DesiredWorkers.of(settings, queued - moved, age, inFlight + moved, credits))
                        .as("work moves from the queue to workers, %s", which)
                        .isEqualTo(desired);
            }
        }
    }

    private static AutoscaleSettings settings(SplittableRandom random) {
        int max = random.nextInt(1, 1_000);
        return new AutoscaleSettings(
                random.nextInt(0, max + 1),
                max,
                random.nextInt(1, 101) / 100.0,
                random.nextInt(1, 100),
                random.nextLong(1, 10_000),
                random.nextInt(4, 40) / 4.0,
                60_000);
    }

    @Test
    void settingsOutOfRangeAreRefusedByName() {
        assertThatThrownBy(() -> new AutoscaleSettings(3, 2, 0.5, 8, 1, 1, 60_000))
                .hasMessageContaining("autoscale-workers-min is 3; set it to a value from 0 to 2");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 2, 0, 8, 1, 1, 60_000))
                .hasMessageContaining("autoscale-credit-share-target");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 2, Double.NaN, 8, 1, 1, 60_000))
                .hasMessageContaining("autoscale-credit-share-target");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 2, 1, 8, 1, 0.5, 60_000))
                .hasMessageContaining("autoscale-pressure-factor-max");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 2, 1, 8, 0, 1, 60_000))
                .hasMessageContaining("autoscale-oldest-target-millis");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 2, 1, 0, 1, 1, 60_000))
                .hasMessageContaining("autoscale-credits-per-worker-assumed");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 2, 1, 8, 1, 1, 59))
                .hasMessageContaining("autoscale-hold-millis");
        assertThatThrownBy(() -> new AutoscaleSettings(0, 1 << 20, 1, 8, 1, 1, 60_000))
                .hasMessageContaining("autoscale-workers-max");
    }
}
