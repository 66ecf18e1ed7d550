package io.weir.workcoord.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.coordinator.CoordinatorEffect.QueryCompleted;
import io.weir.workcoord.coordinator.CoordinatorEffect.SendAssign;
import io.weir.workcoord.coordinator.CoordinatorEffect.StartFetch;
import io.weir.workcoord.coordinator.CoordinatorEvent.HeartbeatReceived;
import io.weir.workcoord.coordinator.CoordinatorEvent.SessionOpened;
import io.weir.workcoord.coordinator.CoordinatorEvent.Submit;
import io.weir.workcoord.coordinator.CoordinatorEvent.Tick;
import io.weir.workcoord.coordinator.CoordinatorEvent.Unit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What hedging is for, in virtual time: 500 queries of 40 pieces on 4 workers; 1 attempt of 100 takes thirty times as long. */
final class HedgingEffectTest {
    private static final int QUERIES = 500;
    private static final int PIECES = 40;

    private record Due(long atMillis, long sequence, CoordinatorEvent event) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(atMillis, other.atMillis);
            return byTime == 0 ? Long.compare(sequence, other.sequence) : byTime;
        }
    }

    private record Outcome(long p50Millis, long p99Millis, int assignments) {}

    private static Outcome run(HedgeLimits hedge) {
        SplittableRandom random = new SplittableRandom(7);
        Coordinator coordinator = new Coordinator(CoordinatorLimits.DEFAULT.withHedge(hedge));
        PriorityQueue<Due> due = new PriorityQueue<>();
        long now = 0;
        long sequence = 0;
        int assignments = 0;
        for (int worker = 1; worker <= 4; worker++) {
            coordinator.handle(new SessionOpened(worker, "w" + worker, "r", "at" + worker, true, false, 16), now);
        }
        long[] tookMillis = new long[QUERIES];
        for (int query = 0; query < QUERIES; query++) {
            List<Unit> units = new ArrayList<>();
            for (int i = 0; i < PIECES; i++) {
                units.add(new Unit(0, "q" + query + "-" + i, "shard" + i));
            }
            long begun = now;
            due.add(new Due(now, sequence++, new Submit("q" + query, "t", now + 3_600_000, units)));
            boolean completed = false;
            while (!completed) {
                Due next = due.peek();
                CoordinatorEvent event = new Tick();
                if (next != null && next.atMillis <= coordinator.nextTimerMillis()) {
                    due.remove(next);
                    now = next.atMillis;
                    event = next.event;
                } else {
                    now = coordinator.nextTimerMillis();
                }
                List<CoordinatorEffect> effects = new ArrayList<>(coordinator.handle(event, now));
                if (event instanceof Tick) {
                    for (WorkerSnapshot worker : coordinator.workers()) {
                        effects.addAll(coordinator.handle(new HeartbeatReceived(worker.session(), 1, true), now));
                    }
                }
                for (CoordinatorEffect effect : effects) {
                    if (effect instanceof SendAssign assign) {
                        assignments++;
                        long workMillis = (80 + random.nextInt(40)) * (random.nextInt(100) == 0 ? 30L : 1L);
                        due.add(new Due(
                                now + workMillis,
                                sequence++,
                                new CoordinatorEvent.Ready(
                                        assign.session(),
                                        assign.queryId(),
                                        0,
                                        assign.workId(),
                                        assign.attempt(),
                                        "c")));
                    } else if (effect instanceof StartFetch fetch) {
                        due.add(new Due(
                                now + 5, sequence++, new CoordinatorEvent.Fetched(fetch.workId(), fetch.attempt())));
                    }
                    completed |= effect instanceof QueryCompleted;
                }
            }
            tookMillis[query] = now - begun;
        }
        Arrays.sort(tookMillis);
        return new Outcome(tookMillis[QUERIES / 2], tookMillis[QUERIES * 99 / 100], assignments);
    }

    @Test
    void aFewSecondAttemptsCutTheTail() {
        Outcome off = run(HedgeLimits.OFF);
        Outcome on = run(new HedgeLimits(10, 150, 200));
        System.out.println("hedging off: " + off + ", up to 10 %: " + on);
        assertThat(off.assignments()).isEqualTo(QUERIES * PIECES);
        assertThat(on.p99Millis()).isLessThan(off.p99Millis() / 3);
        assertThat(on.assignments()).isLessThan(QUERIES * PIECES * 103 / 100);
    }
}
