package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.zaxxer.hikari.HikariDataSource;
import io.weir.eventstats.signal.SnapshotStore.Acceptance;
import io.weir.eventstats.signal.SnapshotStore.RunSignal;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.lake.database.DatabaseUnavailableException;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

class PostgresSnapshotStoreTest {
    private static final UUID TENANT = TenantIds.of("acme");
    private static final UUID OTHER = TenantIds.of("other");

    private static TestingDatabase database;
    private static SnapshotStore store;

    @BeforeAll
    static void open() {
        database = TestingDatabase.migrated();
        store = new PostgresSnapshotStore(database.dataSource());
    }

    @AfterAll
    static void close() {
        database.close();
    }

    private static SnapshotUpdate update(UUID job, UUID tenant, @Nullable UUID run, long seq, SignalKind kind) {
        return new SnapshotUpdate(
                job, tenant, run, seq, kind, SignalPhase.UNKNOWN, "seq " + seq, null, null, null, null, null);
    }

    private static JsonNode json(String text) throws Exception {
        return new ObjectMapper().readTree(text);
    }

    @Test
    void whatIsKeptIsFound() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        assertThat(store.upsert(List.of(new SnapshotUpdate(
                        job,
                        TENANT,
                        run,
                        1,
                        SignalKind.PHASE,
                        SignalPhase.FETCH,
                        "Fetching",
                        7,
                        json("{\"status\":\"succeeded\"}"),
                        json("[{\"label\":\"Again\",\"href\":\"/x\"}]"),
                        json("{\"worker\":1}"),
                        json("{\"a\":[1]}")))))
                .containsExactly(Acceptance.ACCEPTED);
        Snapshot found = store.job(TENANT, job).orElseThrow();
        assertThat(found)
                .usingRecursiveComparison()
                .ignoringFields("createdAt", "updatedAt")
                .isEqualTo(new Snapshot(
                        job,
                        TENANT,
                        run,
                        1,
                        Instant.EPOCH,
                        Instant.EPOCH,
                        SignalKind.PHASE,
                        SignalPhase.FETCH,
                        "Fetching",
                        7,
                        "{\"status\": \"succeeded\"}",
                        "[{\"href\": \"/x\", \"label\": \"Again\"}]",
                        "{\"worker\": 1}",
                        "{\"a\": [1]}"));
        assertThat(store.jobs(List.of(job, UUID.randomUUID()))).containsExactly(found);
        assertThat(store.run(TENANT, run)).isEqualTo(new RunSignal.Current(found));
        assertThat(store.isRunOpen(TENANT, run)).isTrue();
        assertThat(store.job(OTHER, job)).isEmpty();
        assertThat(store.run(OTHER, run)).isEqualTo(new RunSignal.Unknown());
        assertThat(store.isRunOpen(OTHER, run)).isFalse();
    }

    @Test
    void aLaterUpdateKeepsWhatItDoesNotSay() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        store.upsert(List.of(new SnapshotUpdate(
                job,
                TENANT,
                run,
                1,
                SignalKind.QUEUED,
                SignalPhase.UNKNOWN,
                "Q",
                7,
                json("{\"s\":1}"),
                json("[1]"),
                json("{\"d\":1}"),
                json("{\"p\":1}"))));
        Snapshot first = store.job(TENANT, job).orElseThrow();
        store.upsert(List.of(update(job, TENANT, null, 2, SignalKind.STARTED)));
        Snapshot second = store.job(TENANT, job).orElseThrow();
        assertThat(second.runId()).isEqualTo(run);
        assertThat(second.lastKnownOutcome()).isEqualTo("{\"s\": 1}");
        assertThat(second.payload()).isEqualTo("{\"p\": 1}");
        assertThat(second.nextActions()).isNull();
        assertThat(second.etaSeconds()).isNull();
        assertThat(second.diagnostics()).isEqualTo("{}");
        assertThat(second.createdAt()).isEqualTo(first.createdAt());
        assertThat(second.updatedAt()).isAfter(first.updatedAt());
    }

    @Test
    void staleForeignAndLateUpdatesAreRefused() {
        UUID job = UUID.randomUUID();
        UUID ended = UUID.randomUUID();
        UUID fresh = UUID.randomUUID();
        assertThat(store.upsert(List.of(
                        update(job, TENANT, null, 5, SignalKind.STARTED),
                        update(job, TENANT, null, 4, SignalKind.QUEUED),
                        update(job, TENANT, null, 5, SignalKind.PHASE),
                        update(job, OTHER, null, 6, SignalKind.PHASE),
                        update(ended, TENANT, null, 1, SignalKind.FAILED),
                        update(ended, TENANT, null, 2, SignalKind.STARTED),
                        update(fresh, OTHER, null, 1, SignalKind.QUEUED),
                        update(job, TENANT, null, 7, SignalKind.PHASE))))
                .containsExactly(
                        Acceptance.ACCEPTED,
                        Acceptance.REFUSED,
                        Acceptance.REFUSED,
                        Acceptance.REFUSED,
                        Acceptance.ACCEPTED,
                        Acceptance.REFUSED,
                        Acceptance.ACCEPTED,
                        Acceptance.ACCEPTED);
        assertThat(store.job(TENANT, job).orElseThrow().seq()).isEqualTo(7);
        assertThat(store.job(TENANT, ended).orElseThrow().kind()).isEqualTo(SignalKind.FAILED);
        assertThat(store.job(OTHER, fresh)).isPresent();
        assertThat(store.upsert(List.of())).isEmpty();
    }

    @Test
    void everyAcceptedUpdateIsNotified() throws Exception {
        try (Connection connection = database.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("listen ttfs_signal_update");
            UUID run = UUID.randomUUID();
            List<SnapshotUpdate> updates = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                updates.add(update(UUID.randomUUID(), TENANT, run, 1, SignalKind.QUEUED));
            }
            updates.add(update(updates.getFirst().jobId(), OTHER, null, 2, SignalKind.QUEUED));
            store.upsert(updates);
            PGNotification[] found = connection.unwrap(PGConnection.class).getNotifications(2_000);
            assertThat(Arrays.stream(found).map(PGNotification::getParameter).map(PostgresSnapshotStoreTest::jobId))
                    .containsExactlyInAnyOrderElementsOf(updates.subList(0, 50).stream()
                            .map(update -> update.jobId().toString())
                            .toList());
            assertThat(found[0].getParameter()).contains("\"run_id\" : \"" + run + "\"", "\"seq\" : 1");
        }
    }

    private static String jobId(String payload) {
        return payload.replaceAll(".*\"job_id\" : \"([^\"]*)\".*", "$1");
    }

    @Test
    void aRunOfAnotherTenantIsLeftOut() {
        UUID run = UUID.randomUUID();
        UUID mine = UUID.randomUUID();
        UUID theirs = UUID.randomUUID();
        store.upsert(List.of(update(mine, TENANT, run, 1, SignalKind.QUEUED)));
        assertThat(store.upsert(List.of(update(theirs, OTHER, run, 1, SignalKind.QUEUED))))
                .containsExactly(Acceptance.ACCEPTED);
        assertThat(store.job(OTHER, theirs).orElseThrow().runId()).isNull();
        assertThat(store.run(OTHER, run)).isEqualTo(new RunSignal.Unknown());
        assertThat(store.run(TENANT, run)).isInstanceOf(RunSignal.Current.class);
    }

    @Test
    void aRunShowsTheJobThatChangedLast() throws Exception {
        UUID run = UUID.randomUUID();
        UUID first = UUID.randomUUID();
        UUID second = UUID.randomUUID();
        store.upsert(List.of(update(first, TENANT, run, 1, SignalKind.QUEUED)));
        store.upsert(List.of(update(second, TENANT, run, 1, SignalKind.SUCCEEDED)));
        assertThat(((RunSignal.Current) store.run(TENANT, run)).snapshot().jobId())
                .isEqualTo(second);
        assertThat(store.isRunOpen(TENANT, run)).isTrue();
        store.upsert(List.of(update(first, TENANT, run, 2, SignalKind.CANCELED)));
        assertThat(((RunSignal.Current) store.run(TENANT, run)).snapshot().jobId())
                .isEqualTo(first);
        assertThat(store.isRunOpen(TENANT, run)).isFalse();
    }

    @Test
    void runsWithoutSignalsAreKnownUntilTheyAreRemoved() throws Exception {
        UUID empty = UUID.randomUUID();
        UUID used = UUID.randomUUID();
        database.execute("insert into scheduler.runs (id, tenant_id, created_at) values ('" + empty + "', '" + TENANT
                + "', '2020-01-01')");
        store.upsert(List.of(update(UUID.randomUUID(), TENANT, used, 1, SignalKind.QUEUED)));
        assertThat(store.run(TENANT, empty)).isEqualTo(new RunSignal.None());
        assertThat(store.run(OTHER, empty)).isEqualTo(new RunSignal.Unknown());
        assertThat(store.removeEmptyRuns(Instant.parse("2019-01-01T00:00:00Z"), 10))
                .isZero();
        assertThat(store.removeEmptyRuns(Instant.parse("2021-01-01T00:00:00Z"), 0))
                .isZero();
        assertThat(store.removeEmptyRuns(Instant.parse("2021-01-01T00:00:00Z"), 10))
                .isEqualTo(1);
        assertThat(store.run(TENANT, empty)).isEqualTo(new RunSignal.Unknown());
        assertThat(store.run(TENANT, used)).isInstanceOf(RunSignal.Current.class);
    }

    @Test
    void textsThatTheDatabaseCannotHoldAreMended() {
        UUID job = UUID.randomUUID();
        JsonNode bad = JsonNodeFactory.instance
                .objectNode()
                .put("k\u0000", "a\u0000b\uD800c\uDC00 \uD83D\uDE00")
                .set("l", JsonNodeFactory.instance.arrayNode().add("\u0000"));
        store.upsert(List.of(new SnapshotUpdate(
                job,
                TENANT,
                null,
                1,
                SignalKind.QUEUED,
                SignalPhase.UNKNOWN,
                "x\u0000\uDC00 \uD83D\uDE00",
                null,
                null,
                null,
                bad,
                null)));
        Snapshot found = store.job(TENANT, job).orElseThrow();
        assertThat(found.summary()).isEqualTo("x\uFFFD\uFFFD \uD83D\uDE00");
        assertThat(found.diagnostics()).contains("a\uFFFDb\uFFFDc\uFFFD \uD83D\uDE00", "k\uFFFD", "[\"\uFFFD\"]");
    }

    @Test
    void longSummariesAreClipped() {
        SnapshotUpdate update = new SnapshotUpdate(
                UUID.randomUUID(),
                TENANT,
                null,
                1,
                SignalKind.QUEUED,
                SignalPhase.UNKNOWN,
                "x".repeat(5_000),
                null,
                null,
                null,
                null,
                null);
        assertThat(update.summary()).hasSize(SnapshotUpdate.SUMMARY_LENGTH_MAX).endsWith("x…");
        assertThatThrownBy(() -> update(UUID.randomUUID(), TENANT, null, 0, SignalKind.QUEUED))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Opposite orders of the same jobs deadlock unless rows are locked in an order of their own. */
    @Test
    void manyWritersOfTheSameJobsDoNotWaitForEachOther() throws Exception {
        List<UUID> jobs = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            jobs.add(UUID.randomUUID());
        }
        UUID run = UUID.randomUUID();
        List<UUID> reversed = jobs.reversed();
        CountDownLatch start = new CountDownLatch(1);
        try (ExecutorService writers = Executors.newFixedThreadPool(4)) {
            List<Future<?>> running = new ArrayList<>();
            for (int writer = 0; writer < 4; writer++) {
                List<UUID> order = writer % 2 == 0 ? jobs : reversed;
                running.add(writers.submit(() -> {
                    start.await();
                    for (int seq = 1; seq <= 20; seq++) {
                        int number = seq;
                        store.upsert(order.stream()
                                .map(job -> update(job, TENANT, run, number, SignalKind.PHASE))
                                .toList());
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> writer : running) {
                writer.get();
            }
        }
        assertThat(store.jobs(jobs)).hasSize(100).allMatch(found -> found.seq() == 20 && run.equals(found.runId()));
    }

    @Test
    void aDatabaseThatIsAwayIsSaidToBe() {
        HikariDataSource closed = new HikariDataSource();
        closed.setJdbcUrl("jdbc:postgresql://127.0.0.1:1/none");
        closed.setConnectionTimeout(250);
        closed.setInitializationFailTimeout(-1);
        try (closed) {
            SnapshotStore away = new PostgresSnapshotStore(closed);
            assertThatThrownBy(() -> away.job(TENANT, UUID.randomUUID()))
                    .isInstanceOf(DatabaseUnavailableException.class)
                    .message()
                    .doesNotContain("select", "127.0.0.1");
        }
    }
}
