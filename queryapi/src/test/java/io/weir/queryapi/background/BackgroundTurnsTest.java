package io.weir.queryapi.background;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.weir.promql.error.QueryException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Who runs when, with a user who is there or not. */
class BackgroundTurnsTest {
    private static final long NEVER = 10_000;

    private final AtomicBoolean usersIdle = new AtomicBoolean(true);
    /** In the order in which they got their turns. */
    private final List<Integer> entered = Collections.synchronizedList(new ArrayList<>());

    private BackgroundTurns turns(int concurrentMax, int waitingMax, long yieldMillisMax) {
        return new BackgroundTurns(new BackgroundSettings(concurrentMax, waitingMax, yieldMillisMax), usersIdle::get);
    }

    private static long in(long millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Asks for a turn and says its number when it has one; whoever waits stands in line when this returns. */
    private CompletableFuture<Void> enter(BackgroundTurns turns, int number) {
        int waiting = turns.waiting();
        CompletableFuture<Void> has = CompletableFuture.runAsync(
                () -> {
                    try {
                        turns.enter(in(NEVER));
                        entered.add(number);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
        await().until(() -> has.isDone() || turns.waiting() > waiting);
        return has;
    }

    @Test
    void oneRunsAtATimeInTheOrderOfAsking() throws Exception {
        BackgroundTurns turns = turns(4, 10, NEVER);
        turns.enter(in(NEVER));
        List<CompletableFuture<Void>> others = List.of(enter(turns, 1), enter(turns, 2), enter(turns, 3));
        for (int done = 0; done < others.size(); done++) {
            assertThat(entered).hasSize(done);
            assertThat(turns.running()).isOne();
            assertThat(turns.waiting()).isEqualTo(others.size() - done);
            turns.leave();
            others.get(done).get(5, TimeUnit.SECONDS);
        }
        assertThat(entered).containsExactly(1, 2, 3);
        turns.leave();
        assertThat(turns.running()).isZero();
    }

    @Test
    void theEndOfTheUsersQueriesLetsInOne() throws Exception {
        BackgroundTurns turns = turns(4, 10, NEVER);
        usersIdle.set(false);
        CompletableFuture<Void> first = enter(turns, 1);
        CompletableFuture<Void> second = enter(turns, 2);
        turns.usersAreIdle();
        await().during(Duration.ofMillis(100)).until(entered::isEmpty); // a user came again meanwhile
        usersIdle.set(true);
        turns.usersAreIdle();
        first.get(5, TimeUnit.SECONDS);
        assertThat(second).isNotDone();
        usersIdle.set(false);
        turns.leave();
        await().during(Duration.ofMillis(100)).until(() -> entered.equals(List.of(1)));
        usersIdle.set(true);
        turns.usersAreIdle();
        second.get(5, TimeUnit.SECONDS);
    }

    @Test
    void whoFindsNoQuietMomentRunsBesideTheOthersButNotTooMany() throws Exception {
        BackgroundTurns turns = turns(2, 10, 50);
        usersIdle.set(false);
        List<CompletableFuture<Void>> all = List.of(enter(turns, 1), enter(turns, 2), enter(turns, 3));
        all.get(0).get(5, TimeUnit.SECONDS);
        all.get(1).get(5, TimeUnit.SECONDS);
        await().during(Duration.ofMillis(200)).until(() -> turns.running() == 2 && turns.waiting() == 1);
        turns.leave();
        all.get(2).get(5, TimeUnit.SECONDS);
        assertThat(entered).containsExactly(1, 2, 3);
    }

    @Test
    void withoutAWaitTheyRunAtOnce() throws Exception {
        BackgroundTurns turns = turns(2, 0, 0);
        usersIdle.set(false);
        turns.enter(in(NEVER));
        turns.enter(in(NEVER));
        assertThatThrownBy(() -> turns.enter(in(NEVER)))
                .isInstanceOf(QueryException.Unavailable.class)
                .hasMessageContaining("2 background queries run and 0 wait");
    }

    @Test
    void whoGivesUpLetsInTheNext() throws Exception {
        BackgroundTurns turns = turns(4, 10, NEVER);
        turns.enter(in(NEVER));
        CompletableFuture<Throwable> impatient = new CompletableFuture<>();
        Thread interrupted = Thread.ofVirtual().start(() -> {
            try {
                turns.enter(in(NEVER));
            } catch (InterruptedException | RuntimeException e) {
                impatient.complete(e);
            }
        });
        await().until(() -> turns.waiting() == 1);
        CompletableFuture<Void> next = enter(turns, 1);
        interrupted.interrupt();
        assertThat(impatient.get(5, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        assertThatThrownBy(() -> turns.enter(in(50)))
                .isInstanceOf(QueryException.Timeout.class)
                .hasMessageContaining("background-concurrent-max");
        turns.leave();
        next.get(5, TimeUnit.SECONDS);
        assertThat(turns.waiting()).isZero();
    }

    @Test
    void manyThreadsNeverExceedTheBoundAndAllGetTheirTurn() throws Exception {
        BackgroundTurns turns = turns(3, 1_000, 1);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            int number = i;
            all.add(CompletableFuture.runAsync(
                    () -> {
                        try {
                            turns.enter(in(30_000));
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            if (number % 7 == 0) {
                                usersIdle.set(number % 2 == 0);
                                Thread.sleep(1);
                            }
                            inside.decrementAndGet();
                            turns.leave();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    task -> Thread.ofVirtual().start(task)));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(30, TimeUnit.SECONDS);
        assertThat(most.get()).isLessThanOrEqualTo(3);
        assertThat(turns.running()).isZero();
        assertThat(turns.waiting()).isZero();
    }
}
