package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.cluster.TestingArtifactProxy.Fault;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkerMessage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An artifact that is damaged, cut, gone or expired makes its work run again; the answer is the undisturbed one or an error, never a part. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArtifactFaultTest {
    private static final int FOREVER = 1_000_000;
    private static final long ARTIFACT_TTL_MILLIS = 2_000;
    private static final TestingLoad LOAD = new TestingLoad(20, 480, 15_000, false);
    private static final String EXPRESSION = "sum by (mode) (rate(cpu_seconds_total[5m]))";

    private TestingFleet fleet;
    private TestingFleet.Api api;
    private final List<TestingFleet.Worker> workers = new ArrayList<>();
    private final List<TestingArtifactProxy> artifacts = new ArrayList<>();
    private final List<TestingControlProxy> controls = new ArrayList<>();
    private String undisturbed;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        fleet = TestingFleet.withLocalLake(folder);
        fleet.load(LOAD);
        for (int number = 0; number < 2; number++) {
            TestingFleet.Worker worker = fleet.worker(
                    "worker-" + number,
                    "--worker-spool-artifact-ttl-millis",
                    "" + ARTIFACT_TTL_MILLIS,
                    "--worker-spool-sweep-interval-millis",
                    "200");
            TestingArtifactProxy proxy = new TestingArtifactProxy(worker.base(), 2 * ARTIFACT_TTL_MILLIS);
            TestingControlProxy control = new TestingControlProxy(worker.grpcPort());
            control.onWorkerMessage((message, forward) -> redirect(message, forward, proxy.base()));
            workers.add(worker);
            artifacts.add(proxy);
            controls.add(control);
        }
        // Thirty-two pieces of work, so that both workers have some, whatever their ids hash to.
        api = fleet.api(
                "api",
                controls.stream().map(TestingControlProxy::port).toList(),
                "--query-samples-per-unit-target",
                "60");
        undisturbed = answer();
    }

    private static void redirect(WorkerMessage message, Consumer<WorkerMessage> forward, URI proxy) {
        if (!message.hasReady()) {
            forward.accept(message);
            return;
        }
        WorkReady ready = message.getReady();
        URI url = URI.create(ready.getArtifactUrl());
        forward.accept(message.toBuilder()
                .setReady(ready.toBuilder().setArtifactUrl(proxy + url.getRawPath() + "?" + url.getRawQuery()))
                .build());
    }

    @AfterAll
    void stop() {
        controls.forEach(TestingControlProxy::close);
        artifacts.forEach(TestingArtifactProxy::close);
        if (fleet != null) {
            fleet.close();
        }
    }

    @BeforeEach
    void heal() {
        artifacts.forEach(proxy -> proxy.fail(Fault.CORRUPT, 0));
    }

    private HttpResponse<String> ask() throws IOException, InterruptedException {
        return api.client().get(api.client().rangePath(EXPRESSION, LOAD.startSeconds() + 600, LOAD.endSeconds(), 30));
    }

    private String answer() throws IOException, InterruptedException {
        HttpResponse<String> response = ask();
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).contains("\"values\"");
        return response.body();
    }

    private double metric(String name) throws IOException, InterruptedException {
        return api.figures().metric(name);
    }

    private double expired() throws IOException, InterruptedException {
        double sum = 0;
        for (TestingFleet.Worker worker : workers) {
            sum += worker.figures().metric("weir_artifact_ttl_cleanup_total");
        }
        return sum;
    }

    private int faults() {
        return artifacts.stream().mapToInt(TestingArtifactProxy::faults).sum();
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void aFaultMakesTheWorkRunAgain(Fault fault) throws Exception {
        double mismatches = metric("weir_artifact_checksum_mismatch_total");
        double failures = metric("weir_artifact_fetch_failures_total");
        double reassigned = metric("weir_work_reassigned_total");
        double retried = metric("weir_artifact_fetch_retries_total");
        double expired = expired();
        int before = faults();
        for (TestingArtifactProxy proxy : artifacts) {
            proxy.fail(fault, 1);
        }
        assertThat(answer()).isEqualTo(undisturbed);
        int disturbed = faults() - before;
        assertThat(disturbed).as("both workers had work, both faults came").isEqualTo(2);
        // What may be the connection's or the server's bad moment is asked for again first.
        boolean passing = fault == Fault.CUT || fault == Fault.SERVER_ERROR;
        if (passing) {
            assertThat(metric("weir_artifact_fetch_retries_total") - retried)
                    .as("every interrupted download was tried again")
                    .isEqualTo(disturbed);
            assertThat(metric("weir_artifact_fetch_failures_total") - failures).isZero();
        } else {
            assertThat(metric("weir_work_reassigned_total") - reassigned)
                    .as("every damaged artifact's work ran again")
                    .isGreaterThanOrEqualTo(disturbed);
        }
        double mismatched = metric("weir_artifact_checksum_mismatch_total") - mismatches;
        double failed = metric("weir_artifact_fetch_failures_total") - failures;
        switch (fault) {
            case CORRUPT -> assertThat(mismatched).isEqualTo(2);
            case CUT, SERVER_ERROR -> assertThat(mismatched).isZero();
            case SHORT, NOT_FOUND, GONE -> assertThat(mismatched + failed).isEqualTo(2);
            // Its worker says that it has expired while the fetch still hangs.
            case HOLD -> {
                assertThat(mismatched).isZero();
                assertThat(expired() - expired).isGreaterThanOrEqualTo(2);
            }
        }
    }

    @Test
    void aWorkerThatAlwaysDamagesIsPassedBy() throws Exception {
        artifacts.get(0).fail(Fault.CORRUPT, FOREVER);
        int before = artifacts.get(1).fetches();
        double mismatches = metric("weir_artifact_checksum_mismatch_total");
        assertThat(answer()).isEqualTo(undisturbed);
        assertThat(artifacts.get(1).fetches()).isGreaterThan(before);
        assertThat(metric("weir_artifact_checksum_mismatch_total")).isGreaterThan(mismatches);
    }

    @Test
    void damageEverywhereIsAnErrorAndNoPartOfTheAnswer() throws Exception {
        artifacts.forEach(proxy -> proxy.fail(Fault.CORRUPT, FOREVER));
        HttpResponse<String> response = ask();
        assertThat(response.statusCode()).as(response.body()).isNotEqualTo(200);
        assertThat(response.body())
                .contains("\"status\":\"error\"")
                .contains("checksum")
                .doesNotContain("\"data\"");
        HttpResponse<String> stream = api.client()
                .post(
                        "/api/v1/metrics/query",
                        "application/json",
                        "{\"q\":\"" + EXPRESSION + "\",\"s\":\"" + (long) ((LOAD.startSeconds() + 600) * 1_000)
                                + "\",\"e\":\"" + (long) (LOAD.endSeconds() * 1_000) + "\"}");
        assertThat(stream.body()).doesNotContain("\"type\":\"result\"").contains("checksum");
        heal();
        assertThat(answer()).as("nothing is left of it").isEqualTo(undisturbed);
    }
}
