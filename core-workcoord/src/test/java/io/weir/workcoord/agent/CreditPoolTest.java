package io.weir.workcoord.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEvent.SessionOpened;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CreditPoolTest {
    private static List<ApiSession> sessions(int count) {
        List<ApiSession> sessions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sessions.add(new ApiSession(new SessionOpened(i, "api" + i, i, 1_000), HeartbeatLimits.DEFAULT, 0));
        }
        return sessions;
    }

    private static List<Integer> granted(List<ApiSession> sessions) {
        return sessions.stream().map(session -> session.granted).toList();
    }

    private static List<Integer> believed(List<ApiSession> sessions) {
        return sessions.stream().map(session -> session.believed).toList();
    }

    @Test
    void sharesAreEvenAndTheFirstGetTheRest() {
        List<ApiSession> three = sessions(3);
        CreditPool pool = new CreditPool(8);
        assertThat(pool.rebalance(three)).containsExactlyElementsOf(three);
        assertThat(granted(three)).containsExactly(3, 3, 2);
        assertThat(believed(three)).containsExactly(3, 3, 2);
        assertThat(pool.rebalance(three)).as("nothing changed").isEmpty();
        assertThat(pool.rebalance(List.of())).isEmpty();
    }

    @Test
    void everyApiHasOneThoughThereAreFewerCredits() {
        List<ApiSession> three = sessions(3);
        new CreditPool(2).rebalance(three);
        assertThat(granted(three)).containsExactly(1, 1, 1);
        assertThat(believed(three)).containsExactly(1, 1, 1);
    }

    @Test
    void whatIsTakenFromOneIsGivenOnlyWhenItIsFree() {
        List<ApiSession> two = sessions(2);
        CreditPool pool = new CreditPool(6);
        pool.rebalance(two.subList(0, 1));
        assertThat(granted(two)).containsExactly(6, 0);
        assertThat(pool.rebalance(two)).containsExactlyElementsOf(two);
        assertThat(granted(two)).as("one, though none is free").containsExactly(3, 1);
        assertThat(believed(two)).containsExactly(6, 1);
        two.getFirst().believed = 4;
        assertThat(pool.rebalance(two)).containsExactly(two.getLast());
        assertThat(granted(two)).containsExactly(3, 2);
        assertThat(believed(two)).containsExactly(4, 2);
    }

    @Test
    void whatAnApiStillBelievesToHaveCostsNothingToGiveBack() {
        List<ApiSession> two = sessions(2);
        CreditPool pool = new CreditPool(6);
        pool.rebalance(two.subList(0, 1));
        pool.rebalance(two);
        assertThat(pool.rebalance(two.subList(0, 1))).containsExactly(two.getFirst());
        assertThat(granted(two.subList(0, 1))).containsExactly(6);
        assertThat(believed(two.subList(0, 1))).containsExactly(6);
    }

    @Test
    void theCreditsOfAnApiThatIsGoneAreSharedByAllThatAreLeft() {
        List<ApiSession> three = sessions(3);
        CreditPool pool = new CreditPool(12);
        pool.rebalance(three);
        assertThat(granted(three)).containsExactly(4, 4, 4);
        assertThat(pool.rebalance(three.subList(0, 2))).containsExactlyElementsOf(three.subList(0, 2));
        assertThat(granted(three)).containsExactly(6, 6, 4);
    }

    @Test
    void whatIsFreeIsGivenOnce() {
        List<ApiSession> three = sessions(3);
        CreditPool pool = new CreditPool(12);
        pool.rebalance(three.subList(0, 1));
        pool.rebalance(three);
        assertThat(granted(three)).containsExactly(4, 1, 1);
        three.getFirst().believed = 8;
        assertThat(pool.rebalance(three)).containsExactly(three.get(1));
        assertThat(granted(three)).as("two were free").containsExactly(4, 3, 1);
    }

    @Test
    void noMoreIsBelievedThanThereIsHoweverApisComeAndGo() {
        for (long seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int total = 1 + random.nextInt(12);
            CreditPool pool = new CreditPool(total);
            List<ApiSession> all = sessions(5);
            List<ApiSession> connected = new ArrayList<>();
            for (int step = 0; step < 60; step++) {
                if (random.nextInt(3) == 0 && !connected.isEmpty()) {
                    connected.remove(random.nextInt(connected.size()));
                } else if (random.nextBoolean()) {
                    ApiSession next = all.get(random.nextInt(all.size()));
                    if (!connected.contains(next)) {
                        next.granted = 0;
                        next.believed = 0;
                        connected.add(next);
                    }
                } else {
                    connected.forEach(session -> session.believed = session.granted);
                }
                pool.rebalance(connected);
                int believed = 0;
                for (ApiSession session : connected) {
                    believed += session.believed;
                    assertThat(session.granted).as("seed=%d", seed).isBetween(1, session.believed);
                }
                assertThat(believed).as("seed=%d step %d", seed, step).isLessThanOrEqualTo(total + connected.size());
            }
            connected.forEach(session -> session.believed = session.granted);
            pool.rebalance(connected);
            int most = connected.stream()
                    .mapToInt(session -> session.granted)
                    .max()
                    .orElse(1);
            int least = connected.stream()
                    .mapToInt(session -> session.granted)
                    .min()
                    .orElse(1);
            assertThat(most - least)
                    .as("seed=%d %s of %d", seed, granted(connected), total)
                    .isLessThanOrEqualTo(1);
        }
    }
}
