package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Random ids and headers: whatever comes, the answer is no 5xx and tells nothing of the database. {@code -Dweir.seed=N} repeats a run. */
class FirstSignalFuzzTest {
    private static final int REQUESTS = Integer.getInteger("weir.fuzz.requests", 400);
    private static final List<String> PATHS = List.of(
            "/api/v1/runs/%s/first-signal",
            "/api/v1/orchestrator/runs/%s/first-signal",
            "/api/v1/jobengine/runs/%s/first-signal",
            "/api/v1/jobs/%s/first-signal",
            "/api/v1/stream/runs/%s",
            "/api/v1/orchestrator/stream/runs/%s",
            "/api/v1/stream/jobs/%s");
    private static final List<String> HEADERS = List.of(
            "X-Tenant-Id", "X-Scope-OrgID", "If-None-Match", "Last-Event-ID", "Accept", "Authorization", "Range");
    private static final List<String> PIECES = List.of(
            "W/", "\"", "*", ",", "'", "--", ";", "%00", "%2e%2e", "../", "%", "\\", "é", "{", "}", "0", "f", "-",
            "acme", " ", "$1", "null", "::uuid");

    @Test
    void noRequestBreaksTheServer() throws Exception {
        long seed = Long.getLong("weir.seed", 20261121L);
        System.out.println("seed=" + seed + " requests=" + REQUESTS);
        SignalSettings brief = new SignalSettings(true, 4, 60, 100, 200, 20, 15_000, 20, 1_000, 5_000);
        try (TestingDatabase database = TestingDatabase.migrated();
                TestingSignalApi api = new TestingSignalApi(database, brief)) {
            UUID job = UUID.randomUUID();
            api.store()
                    .upsert(List.of(new SnapshotUpdate(
                            job,
                            TenantIds.of("acme"),
                            job,
                            1,
                            SignalKind.SUCCEEDED,
                            SignalPhase.REPORT,
                            "Done",
                            null,
                            null,
                            null,
                            null,
                            null)));
            Map<Integer, Integer> statuses = new TreeMap<>();
            for (int number = 0; number < REQUESTS; number++) {
                // Neighbouring seeds begin alike.
                Random random = new Random((seed + number) * 0x9E37_79B9_7F4A_7C15L);
                String request = request(random, job);
                String answer = send(api.port(), request);
                int status = Integer.parseInt(answer.split(" ", 3)[1]);
                assertThat(status)
                        .as("seed=" + (seed + number) + "\n" + request + "\n" + answer)
                        .isIn(200, 204, 304, 400, 404, 405, 414, 431);
                assertThat(answer).as(request).doesNotContain("scheduler.", "select ", "PSQL", "io.weir", "SQLSTATE");
                statuses.merge(status, 1, Integer::sum);
            }
            System.out.println("answers by status: " + statuses);
            // Requests that are all refused at the door would test little.
            assertThat(statuses.getOrDefault(200, 0)).isGreaterThan(REQUESTS / 20);
            assertThat(statuses.getOrDefault(400, 0)).isGreaterThan(REQUESTS / 20);
            assertThat(api.get("/api/v1/jobs/" + job + "/first-signal", "acme").statusCode())
                    .isEqualTo(200);
        }
    }

    private static String request(Random random, UUID job) {
        String id = switch (random.nextInt(4)) {
            case 0 -> UUID.randomUUID().toString();
            case 1 -> junk(random).replace(" ", "%20");
            default -> job.toString();
        };
        StringBuilder request = new StringBuilder("GET ")
                .append(PATHS.get(random.nextInt(PATHS.size())).formatted(id))
                .append(" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n");
        if (random.nextInt(4) > 0) {
            request.append("X-Tenant-Id: acme\r\n");
        }
        for (int headers = random.nextInt(3); headers > 0; headers--) {
            request.append(HEADERS.get(2 + random.nextInt(HEADERS.size() - 2)))
                    .append(": ")
                    .append(junk(random))
                    .append("\r\n");
        }
        if (random.nextInt(10) == 0) {
            request.append(HEADERS.get(random.nextInt(2)))
                    .append(": ")
                    .append(junk(random))
                    .append("\r\n");
        }
        return request.append("\r\n").toString();
    }

    private static String junk(Random random) {
        StringBuilder junk = new StringBuilder();
        for (int pieces = random.nextInt(6); pieces > 0; pieces--) {
            junk.append(PIECES.get(random.nextInt(PIECES.size())));
        }
        return random.nextInt(50) == 0 ? junk.toString().repeat(2_000) : junk.toString();
    }

    private static String send(int port, String request) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(answer);
            return answer.toString(StandardCharsets.UTF_8);
        }
    }
}
