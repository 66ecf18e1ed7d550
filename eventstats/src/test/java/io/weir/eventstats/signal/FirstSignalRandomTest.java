package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.signal.SnapshotStore.Acceptance;
import io.weir.eventstats.signal.TestingEventStream.Event;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Writers in several processes send a job's updates in any order and more than once; the job ends with the greatest taken, and streams of several APIs see
 * a part of what was taken, in its order, up to the end. {@code -Dweir.seed=N} repeats a run.
 */
class FirstSignalRandomTest {
    private static final String TENANT = "acme";
    private static final UUID TENANT_ID = TenantIds.of(TENANT);
    private static final int ROUNDS = 8;
    private static final int WRITERS = 4;
    private static final int UPDATES = 30;
    private static final long LAST_SEQ = 1_000;

    @Test
    void theGreatestSeqBeforeTheEndWins() throws Exception {
        long seed = Long.getLong("weir.seed", 20261121L);
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        try (TestingDatabase database = TestingDatabase.migrated();
                TestingSignalApi first = new TestingSignalApi(database, SignalSettings.DEFAULT);
                TestingSignalApi second = new TestingSignalApi(database, SignalSettings.DEFAULT)) {
            SnapshotStore store = new PostgresSnapshotStore(database.dataSource());
            for (int round = 0; round < ROUNDS; round++) {
                round(List.of(first, second), store, random);
            }
        }
    }

    private static void round(List<TestingSignalApi> apis, SnapshotStore store, Random random) throws Exception {
        UUID job = UUID.randomUUID();
        boolean endsEarly = random.nextBoolean();
        long earlyEnd = 1 + random.nextInt(UPDATES);
        ConcurrentSkipListSet<Long> taken = new ConcurrentSkipListSet<>();
        List<TestingEventStream> streams = Collections.synchronizedList(new ArrayList<>());
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                List<Long> order = shuffled(random);
                running.add(executor.submit(() -> write(store, job, order, endsEarly ? earlyEnd : 0, taken)));
            }
            for (TestingSignalApi api : apis) {
                long delay = random.nextInt(50);
                running.add(executor.submit(() -> {
                    Thread.sleep(delay);
                    streams.add(api.stream("/api/v1/stream/jobs/" + job, TENANT));
                    return null;
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
            write(store, job, List.of(LAST_SEQ), LAST_SEQ, taken);
            Snapshot last = store.job(TENANT_ID, job).orElseThrow();
            assertThat(last.kind()).isEqualTo(SignalKind.SUCCEEDED);
            assertThat(last.seq()).isEqualTo(taken.last());
            assertThat(last.seq()).isIn(endsEarly ? List.of(earlyEnd, LAST_SEQ) : List.of(LAST_SEQ));
            for (TestingEventStream stream : streams) {
                List<Event> events = stream.rest(10_000);
                List<Long> seen = events.stream()
                        .map(event -> Long.parseLong(event.summary()))
                        .toList();
                assertThat(seen).isNotEmpty().isEqualTo(List.copyOf(new TreeSet<>(seen)));
                assertThat(taken).containsAll(seen);
                assertThat(seen.getLast()).isEqualTo(last.seq());
            }
        } finally {
            streams.forEach(TestingEventStream::close);
        }
    }

    /** Each number once or twice, in any order. */
    private static List<Long> shuffled(Random random) {
        List<Long> order = new ArrayList<>();
        for (long seq = 1; seq <= UPDATES; seq++) {
            order.add(seq);
            if (random.nextInt(4) == 0) {
                order.add(seq);
            }
        }
        Collections.shuffle(order, random);
        return order;
    }

    private static Void write(
            SnapshotStore store, UUID job, List<Long> order, long end, ConcurrentSkipListSet<Long> taken) {
        for (long seq : order) {
            SignalKind kind = seq == end ? SignalKind.SUCCEEDED : SignalKind.PHASE;
            SnapshotUpdate update = new SnapshotUpdate(
                    job,
                    TENANT_ID,
                    null,
                    seq,
                    kind,
                    SignalPhase.FETCH,
                    Long.toString(seq),
                    null,
                    null,
                    null,
                    null,
                    null);
            if (store.upsert(List.of(update)).equals(List.of(Acceptance.ACCEPTED))) {
                // Of several that send the same number one is taken.
                assertThat(taken.add(seq)).as("seq " + seq).isTrue();
            }
        }
        return null;
    }
}
