package io.weir.cluster;

import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A worker process with a proxy on each of its connections: what APIs dial, what they fetch artifacts from, and its own way to the object
 * store. It can be started again, with the same ports and the same data.
 */
final class TestingWorker implements AutoCloseable {
    /** Of its one slot. */
    static final int CREDITS = 4;

    private static final Duration PHASE_LIMIT = Duration.ofSeconds(30);

    final String name;
    final TestingProxy control;
    final TestingProxy artifacts;
    final TestingProxy store;
    private final TestingCluster cluster;
    private final int grpcPort;
    private final int httpPort;
    private final TestingClient http;
    private final List<String> options;
    private @Nullable TestingProcess started;

    /** Does not start it. */
    TestingWorker(TestingCluster cluster, TestingS3 s3, String name, String... more) throws IOException {
        this.cluster = cluster;
        this.name = name;
        this.grpcPort = Ports.free();
        this.httpPort = Ports.free();
        this.control = new TestingProxy(grpcPort);
        this.artifacts = new TestingProxy(httpPort);
        this.store = new TestingProxy(s3.port());
        this.http = new TestingClient(URI.create("http://127.0.0.1:" + httpPort), "none");
        this.options = new ArrayList<>(List.of(
                "--grpc-port",
                "" + grpcPort,
                "--advertised-http-port",
                "" + artifacts.port(),
                "--slots",
                "1",
                "--credits-per-slot",
                "" + CREDITS,
                // What is fetched goes at once, so that the spool shows what is not.
                "--worker-spool-artifact-ttl-after-ack-millis",
                "0",
                "--worker-spool-sweep-interval-millis",
                "50"));
        options.addAll(List.of(s3.lakeOptions(store.port())));
        options.addAll(List.of(more));
    }

    /** Starts it and waits until it accepts work: it answers a little earlier, and may still find its control port taken. */
    void start(String... more) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of(more));
        started = cluster.start("worker", name, httpPort, "/readyz", all.toArray(String[]::new))
                .process();
    }

    TestingProcess process() {
        return Objects.requireNonNull(started, name + " has not been started");
    }

    boolean isAlive() {
        return started != null && started.isAlive();
    }

    /** Where APIs dial it. */
    String address() {
        return "127.0.0.1:" + control.port();
    }

    double metric(String metric) throws IOException, InterruptedException {
        return http.metric(metric);
    }

    int readiness() throws IOException, InterruptedException {
        return http.get("/readyz").statusCode();
    }

    int running() throws IOException, InterruptedException {
        return (int) metric("weir_worker_running");
    }

    int queued() throws IOException, InterruptedException {
        return (int) metric("weir_worker_queue_depth");
    }

    long spoolBytes() throws IOException, InterruptedException {
        return (long) metric("weir_artifact_spool_bytes");
    }

    boolean isIdle() throws IOException, InterruptedException {
        return running() == 0 && queued() == 0;
    }

    /** Waits until so much runs and waits here. */
    void awaitWork(int running, int queued) throws InterruptedException {
        Await.until(
                name + " runs " + running + " and queues " + queued,
                PHASE_LIMIT,
                () -> running() == running && queued() == queued,
                () -> {
                    try {
                        return running() + " run, " + queued() + " are queued\n"
                                + process().logTail();
                    } catch (IOException e) {
                        return e + "\n" + process().logTail();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return "interrupted";
                    }
                });
    }

    /** Waits until nothing runs or waits; returns the milliseconds since the start, of when that was first seen. */
    long awaitIdle(Instant start, Duration limit) throws InterruptedException {
        Await.until(name + " is idle", limit, this::isIdle);
        return Duration.between(start, Instant.now()).toMillis();
    }

    /** The identity it keeps over restarts. */
    String workerId(FaultCluster.Api api) throws IOException, InterruptedException {
        return api.view(this).path("workerId").asText();
    }

    /** SIGKILL; returns the moment just before. */
    Instant kill() throws IOException, InterruptedException {
        Instant killed = process().signal("KILL");
        process().awaitExit(Duration.ofSeconds(10));
        return killed;
    }

    /** A worker that a failed test has told to drain is of no use to the next test. */
    void endIfDraining() throws IOException, InterruptedException {
        boolean ready;
        try {
            ready = isAlive() && readiness() == 200;
        } catch (IOException ending) {
            ready = false;
        }
        if (!ready && isAlive()) {
            kill();
        }
    }

    /** The network is good again. */
    void heal() {
        control.release();
        artifacts.release();
        store.release();
    }

    @Override
    public void close() throws IOException {
        control.close();
        artifacts.close();
        store.close();
    }
}
