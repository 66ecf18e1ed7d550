package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** 10,000 look-ups over HTTP on 100,000 snapshots while others are written: checklist D3, row 20. The figures are printed, the plans asserted. */
@Tag("slow")
class FirstSignalLoadTest {
    private static final int SNAPSHOTS = 100_000;
    private static final int BATCH = 1_000;
    private static final int LOOKUPS = 10_000;
    private static final int WARM_UP_LOOKUPS = 2_000;
    private static final int CLIENTS = 4;
    private static final int JOBS_PER_RUN = 20;
    private static final String TENANT = "acme";
    private static final UUID TENANT_ID = TenantIds.of(TENANT);

    @Test
    void lookUpsStayQuick() throws Exception {
        try (TestingDatabase database = TestingDatabase.migrated();
                TestingSignalApi api = new TestingSignalApi(database, SignalSettings.DEFAULT)) {
            SnapshotStore store = new PostgresSnapshotStore(database.dataSource());
            long fillNanos = System.nanoTime();
            for (int i = 0; i < SNAPSHOTS; i += BATCH) {
                store.upsert(batch(i, 1));
            }
            System.out.printf("%d snapshots kept in %d ms%n", SNAPSHOTS, (System.nanoTime() - fillNanos) / 1_000_000);
            database.execute("analyze scheduler.first_signal_snapshots");
            plansUseTheirIndexes(database);
            AtomicBoolean isDone = new AtomicBoolean();
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<Integer> writer = executor.submit(() -> {
                    int seq = 2;
                    while (!isDone.get()) {
                        store.upsert(batch(seq * 7 % (SNAPSHOTS / BATCH) * BATCH, seq)
                                .subList(0, 50));
                        seq++;
                        Thread.sleep(50);
                    }
                    return seq;
                });
                lookUps(api, executor);
                isDone.set(true);
                System.out.println("writes of 50 signals meanwhile: " + writer.get());
            }
        }
    }

    private static UUID id(long kind, int number) {
        return new UUID(kind << 32 | 0x4000L, 0x8000_0000_0000_0000L | (number * 0x9E37_79B9_7F4A_7C15L >>> 2));
    }

    private static List<SnapshotUpdate> batch(int first, int seq) {
        List<SnapshotUpdate> updates = new ArrayList<>();
        for (int i = first; i < first + BATCH; i++) {
            updates.add(new SnapshotUpdate(
                    id(1, i),
                    TENANT_ID,
                    id(2, i / JOBS_PER_RUN),
                    seq,
                    SignalKind.PHASE,
                    SignalPhase.FETCH,
                    "Fetching " + seq,
                    3,
                    null,
                    null,
                    null,
                    null));
        }
        return updates;
    }

    private static void lookUps(TestingSignalApi api, ExecutorService executor) throws Exception {
        for (String path : List.of("jobs", "runs")) {
            List<Future<long[]>> clients = new ArrayList<>();
            lookUps(api, path, new Random(CLIENTS), WARM_UP_LOOKUPS);
            for (int client = 0; client < CLIENTS; client++) {
                Random random = new Random(client);
                clients.add(executor.submit(() -> lookUps(api, path, random, LOOKUPS / CLIENTS)));
            }
            long[] nanos = new long[LOOKUPS];
            int at = 0;
            for (Future<long[]> client : clients) {
                long[] some = client.get();
                System.arraycopy(some, 0, nanos, at, some.length);
                at += some.length;
            }
            Arrays.sort(nanos);
            System.out.printf(
                    "%d look-ups of %s on %d snapshots by %d clients, while others are written: p50 %.2f ms, p99 %.2f"
                            + " ms, greatest %.2f ms%n",
                    LOOKUPS,
                    path,
                    SNAPSHOTS,
                    CLIENTS,
                    nanos[LOOKUPS / 2] / 1e6,
                    nanos[LOOKUPS * 99 / 100] / 1e6,
                    nanos[LOOKUPS - 1] / 1e6);
        }
    }

    private static long[] lookUps(TestingSignalApi api, String path, Random random, int count) throws Exception {
        long[] nanos = new long[count];
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < nanos.length; i++) {
                UUID id = path.equals("jobs")
                        ? id(1, random.nextInt(SNAPSHOTS))
                        : id(2, random.nextInt(SNAPSHOTS / JOBS_PER_RUN));
                HttpRequest request = HttpRequest.newBuilder(api.uri("/api/v1/" + path + "/" + id + "/first-signal"))
                        .header("X-Tenant-Id", TENANT)
                        .build();
                long startNanos = System.nanoTime();
                HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                nanos[i] = System.nanoTime() - startNanos;
                assertThat(response.statusCode()).isEqualTo(200);
                assertThat(response.body()).contains(id.toString());
            }
        }
        return nanos;
    }

    private static void plansUseTheirIndexes(TestingDatabase database) throws Exception {
        String table = " from scheduler.first_signal_snapshots where ";
        String run = "run_id = '" + id(2, 17) + "' and tenant_id = '" + TENANT_ID + "'";
        String job =
                plan(database, "select *" + table + "job_id = '" + id(1, 17) + "' and tenant_id = '" + TENANT_ID + "'");
        assertThat(job).contains("Index Scan using first_signal_snapshots_pkey");
        String latest = plan(database, "select *" + table + run + " order by updated_at desc, job_id desc limit 1");
        assertThat(latest).contains("first_signal_snapshots_run_latest").doesNotContain("Seq Scan");
        String open = plan(
                database,
                "select" + table + run + " and kind not in ('succeeded', 'failed', 'canceled', 'unavailable') limit 1");
        assertThat(open).contains("Index").doesNotContain("Seq Scan");
        String many = plan(
                database, "select *" + table + "job_id = any(array['" + id(1, 3) + "', '" + id(1, 4) + "']::uuid[])");
        assertThat(many).contains("first_signal_snapshots_pkey").doesNotContain("Seq Scan");
    }

    private static String plan(TestingDatabase database, String statement) throws Exception {
        String plan = String.join("\n", database.query("explain (analyze, buffers) " + statement));
        System.out.println(statement + "\n" + plan);
        return plan;
    }
}
