package io.weir.queryapi.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** How the answer moves over time. */
final class AutoscalerTest {
    private static final long HOLD_MILLIS = 60_000;
    private static final AutoscaleSettings SETTINGS = new AutoscaleSettings(1, 20, 0.5, 8, 2_000, 4, HOLD_MILLIS);

    @Test
    void itRisesAtOnceAndFallsAfterTheHoldTime() {
        Autoscaler autoscaler = new Autoscaler(SETTINGS);
        assertThat(autoscaler.desiredWorkers(0, 0, 0, 0)).isEqualTo(1);
        autoscaler.observe(0, 0, 32, 64, 8, 1_000);
        autoscaler.observe(0, 0, 0, 64, 8, 1_300);
        assertThat(autoscaler.desiredWorkers(0, 0, 0, 1_300))
                .as("no poll saw the burst")
                .isEqualTo(8);
        assertThat(autoscaler.desiredWorkers(0, 0, 0, 1_000 + HOLD_MILLIS)).isEqualTo(8);
        assertThat(autoscaler.desiredWorkers(0, 0, 0, 1_000 + HOLD_MILLIS + 2 * HOLD_MILLIS / HeldPeak.BUCKETS))
                .isEqualTo(1);
    }

    @Test
    void whatIsAskedIsCurrentEvenWhenNothingWasObservedSince() {
        Autoscaler autoscaler = new Autoscaler(SETTINGS);
        autoscaler.observe(8, 0, 0, 0, 0, 1_000);
        assertThat(autoscaler.desiredWorkers(8, 0, 0, 1_000)).isEqualTo(2);
        assertThat(autoscaler.desiredWorkers(8, 8_000, 0, 9_000))
                .as("the queue grew older")
                .isEqualTo(8);
    }

    @Test
    void theCreditsOfAWorkerAreTheLastOnesSeen() {
        Autoscaler autoscaler = new Autoscaler(SETTINGS);
        autoscaler.observe(0, 0, 0, 32, 2, 0);
        assertThat(autoscaler.desiredWorkers(16, 0, 0, 0)).as("16 credits each").isEqualTo(2);
        autoscaler.observe(0, 0, 0, 0, 0, 1);
        assertThat(autoscaler.desiredWorkers(16, 0, 0, 1))
                .as("all workers are gone")
                .isEqualTo(2);
        autoscaler.observe(0, 0, 0, 0, 2, 2);
        assertThat(autoscaler.desiredWorkers(16, 0, 0, 2))
                .as("none grants credits")
                .isEqualTo(2);
    }

    /** Load that comes and goes faster than the hold time is one level, whatever follows the answer with whatever delay. */
    @Test
    void aWavingLoadDoesNotFlap() {
        Autoscaler autoscaler = new Autoscaler(SETTINGS);
        List<Integer> answers = new ArrayList<>();
        int workers = 1;
        for (long now = 0; now < 20 * HOLD_MILLIS; now += 250) {
            boolean busy = now / 20_000 % 2 == 0;
            int work = busy ? 40 : 0;
            int inFlight = Math.min(work, 8 * workers);
            int queued = work - inFlight;
            autoscaler.observe(queued, queued == 0 ? 0 : 500, inFlight, 8 * workers, workers, now);
            if (now % 15_000 == 0) {
                int desired = autoscaler.desiredWorkers(queued, 0, inFlight, now);
                answers.add(desired);
                workers = Math.max(1, desired);
            }
        }
        assertThat(answers).hasSize(80).containsOnly(10);
    }

    @Test
    void theHeldPeakIsThatOfTheWindowWithinABucket() {
        long seed = Long.getLong("weir.seed", 20_261_121L);
        SplittableRandom random = new SplittableRandom(seed);
        for (int run = 0; run < 300; run++) {
            long window = random.nextLong(HeldPeak.BUCKETS, 600_000);
            long bucket = Math.ceilDiv(window, (long) HeldPeak.BUCKETS);
            HeldPeak peak = new HeldPeak(window);
            List<long[]> noted = new ArrayList<>();
            long now = random.nextLong(0, 1L << 40);
            for (int step = 0; step < 200; step++) {
                now += random.nextLong(0, random.nextInt(10) == 0 ? 2 * window : window / 20 + 1);
                if (random.nextBoolean()) {
                    int value = random.nextInt(0, 1_000);
                    peak.note(value, now);
                    noted.add(new long[] {now, value});
                }
                String which = "seed=" + seed + " run " + run + " step " + step;
                assertThat((long) peak.peak(now))
                        .as(which)
                        .isBetween(greatestSince(noted, now - window), greatestSince(noted, now - window - 2 * bucket));
            }
        }
    }

    private static long greatestSince(List<long[]> noted, long fromMillis) {
        return noted.stream()
                .filter(entry -> entry[0] >= fromMillis)
                .mapToLong(entry -> entry[1])
                .max()
                .orElse(0);
    }

    @Test
    void readersNeverSeeMoreThanWasNoted() throws InterruptedException {
        HeldPeak peak = new HeldPeak(60);
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<String> problem = new AtomicReference<>();
        Thread reader = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                int seen = peak.peak(0);
                if (seen > 7) {
                    problem.set("saw " + seen);
                }
            }
        });
        for (long now = 0; now < 2_000_000; now++) {
            peak.note((int) (now % 8), now);
        }
        done.set(true);
        reader.join();
        assertThat(problem.get()).isNull();
    }
}
