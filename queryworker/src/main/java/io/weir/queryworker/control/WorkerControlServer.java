package io.weir.queryworker.control;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.proto.trace.Tracing;
import io.weir.queryworker.workmanager.ArtifactSpool;
import io.weir.queryworker.workmanager.CancelSettings;
import io.weir.queryworker.workmanager.WorkExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's end of the control plane: a gRPC server that APIs dial, the agent that decides, and the executions. Start
 * one per worker process. Thread-safe.
 */
public final class WorkerControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerControlServer.class);

    private final AgentShell shell;
    private final Server server;

    private WorkerControlServer(AgentShell shell, Server server) {
        this.shell = shell;
        this.server = server;
    }

    /** As {@link #start(ControlSettings, WorkExecutor, ArtifactSpool, MeterRegistry, StorageUsage)}, without disk figures. */
    public static WorkerControlServer start(
            ControlSettings settings, WorkExecutor executor, ArtifactSpool spool, MeterRegistry registry)
            throws IOException {
        return start(settings, executor, spool, registry, StorageUsage.UNKNOWN);
    }

    /**
     * Listens, and accepts work from then on.
     *
     * @throws IOException if the port cannot be bound; the message names it
     */
    public static WorkerControlServer start(
            ControlSettings settings,
            WorkExecutor executor,
            ArtifactSpool spool,
            MeterRegistry registry,
            StorageUsage usage)
            throws IOException {
        return start(settings, executor, spool, registry, usage, CancelSettings.DEFAULT, Tracing.OFF);
    }

    /** As {@link #start(ControlSettings, WorkExecutor, ArtifactSpool, MeterRegistry, StorageUsage)}, and traced. */
    public static WorkerControlServer start(
            ControlSettings settings,
            WorkExecutor executor,
            ArtifactSpool spool,
            MeterRegistry registry,
            StorageUsage usage,
            CancelSettings cancelSettings,
            Tracing tracing)
            throws IOException {
        AgentShell shell = new AgentShell(settings, executor, spool, registry, usage, cancelSettings, tracing);
        // Callbacks only post to the mailbox, so they may run on the transport's threads.
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(settings.host(), settings.port()))
                .directExecutor()
                .maxInboundMessageSize(settings.messageBytesMax())
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(new ControlService(shell))
                .build();
        shell.start();
        try {
            server.start();
        } catch (IOException failure) {
            shell.close();
            throw new IOException(
                    "the control port " + settings.host() + ":" + settings.port()
                            + " cannot be listened on; is another worker running there?",
                    failure);
        }
        Gauge.builder("weir_worker_queue_depth", shell, owner -> owner.status().queued())
                .description("Accepted pieces of work that wait for a slot")
                .register(registry);
        Gauge.builder("weir_worker_slots", settings, ControlSettings::slots)
                .description("Pieces of work that may hold a slot at the same time")
                .register(registry);
        Gauge.builder(
                        "weir_worker_accepting_work",
                        shell,
                        owner -> owner.status().acceptingWork() ? 1 : 0)
                .description("1 while new work is taken, 0 while draining or out of disk")
                .register(registry);
        Gauge.builder("weir_worker_running", shell, owner -> owner.status().running())
                .description("Pieces of work that hold a slot")
                .register(registry);
        Gauge.builder(
                        "weir_worker_control_streams_active",
                        shell,
                        owner -> owner.status().sessions())
                .description("Connected APIs")
                .register(registry);
        LOG.info(
                "worker {} listens for APIs on {}:{}, {} slots",
                settings.workerId(),
                settings.host(),
                server.getPort(),
                settings.slots());
        return new WorkerControlServer(shell, server);
    }

    /** The port listened on. */
    public int port() {
        return server.getPort();
    }

    /** Whether new work is taken, for instance while the disk is full; APIs are told at once. */
    public void setAcceptingWork(boolean acceptingWork) {
        shell.setAcceptingWork(acceptingWork);
    }

    /** Stops taking work at once, hands back what has not started, finishes the rest. Idempotent. */
    public void beginDrain() {
        shell.beginDrain();
    }

    /**
     * Waits for the end of a drain: everything finished and fetched, or the drain's own limit.
     *
     * @return whether it ended in time with nothing given up
     */
    public boolean awaitDrained(long timeoutMillis) throws InterruptedException {
        return shell.awaitDrained(timeoutMillis);
    }

    public ControlStatus status() {
        return shell.status();
    }

    /** Ends everything at once, within a few seconds: streams break, executions are canceled. */
    @Override
    public void close() {
        server.shutdownNow();
        shell.close();
        try {
            if (!server.awaitTermination(2, TimeUnit.SECONDS)) {
                LOG.warn("the control server did not end within 2 s");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
