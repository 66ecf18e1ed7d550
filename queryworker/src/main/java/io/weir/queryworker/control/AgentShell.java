package io.weir.queryworker.control;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.log.LogContext;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.trace.Trace;
import io.weir.proto.trace.Tracing;
import io.weir.queryworker.workmanager.ArtifactSpool;
import io.weir.queryworker.workmanager.CancelSettings;
import io.weir.queryworker.workmanager.WorkExecutor;
import io.weir.queryworker.workmanager.WorkerWorkManager;
import io.weir.queryworker.workmanager.WorkerWorkManager.Attempt;
import io.weir.queryworker.workmanager.WorkerWorkManager.Finished;
import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.TaskState;
import io.weir.workcoord.agent.WorkerAgent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The shell around the agent: turns messages and outcomes into events, effects into messages and executions. */
final class AgentShell implements ApiStream.Owner, WorkerWorkManager.Outcomes, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentShell.class);

    /** An assignment that is queued, running or waiting to be fetched. */
    private record Assignment(AssignWork work, long receivedNanos, Trace trace, Trace queued) {
        /** Nothing more happens to it here but that its artifact is fetched. */
        void endTrace() {
            queued.close();
            trace.close();
        }

        LogContext logContext() {
            return LogContext.ofWork(work.getQueryId(), work.getWorkId(), trace);
        }
    }

    private final ControlSettings settings;
    private final ArtifactSpool spool;
    private final StorageUsage usage;
    private final WorkerWorkManager executions;
    private final Tracing tracing;
    private final Mailbox mailbox;
    private final AtomicLong sessionsSeen = new AtomicLong();
    private final CountDownLatch drainedLatch = new CountDownLatch(1);
    private final Counter acceptedCounter;
    private final Counter rejectedCounter;
    private final SessionMetrics sessionMetrics;

    // Owned by the mailbox.
    private final WorkerAgent agent;
    private final Map<Long, ApiStream> streams = new HashMap<>();
    private final Map<Long, Long> apiSessions = new HashMap<>();
    private final Map<Long, ApiStream> ungreeted = new LinkedHashMap<>();
    private final Map<Attempt, Assignment> assignments = new HashMap<>();
    private final Map<Attempt, Finished> finished = new HashMap<>();
    /** APIs refused for their version, the latest ones; a bounded memory of what people were told. */
    private final LinkedHashSet<String> versionsReported = new LinkedHashSet<>();

    private volatile ControlStatus status = new ControlStatus(true, false, false, false, 0, 0, 0, 0);
    private volatile boolean drainForced;

    AgentShell(
            ControlSettings settings,
            WorkExecutor executor,
            ArtifactSpool spool,
            MeterRegistry registry,
            StorageUsage usage,
            CancelSettings cancelSettings,
            Tracing tracing) {
        this.settings = settings;
        this.tracing = tracing;
        this.spool = spool;
        this.usage = usage;
        this.agent = new WorkerAgent(settings.agentLimits());
        this.executions = new WorkerWorkManager(
                executor, spool, settings.slots(), settings.artifactReserveBytes(), cancelSettings, registry, this);
        this.mailbox = new Mailbox(
                "weir-worker-control",
                settings.mailboxMessagesMax(),
                System::nanoTime,
                new Mailbox.Timers() {
                    @Override
                    public long nextTimerMillis() {
                        return AgentShell.this.nextTimerMillis();
                    }

                    @Override
                    public void tick() {
                        AgentShell.this.tick();
                    }
                },
                this::defect);
        this.acceptedCounter = counter(registry, "weir_worker_accepted_total", "Pieces of work accepted");
        this.rejectedCounter = counter(registry, "weir_worker_rejected_total", "Pieces of work rejected");
        this.sessionMetrics = new SessionMetrics(registry);
    }

    private static Counter counter(MeterRegistry registry, String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    void start() {
        spool.setLossListener(
                (workId, attempt, reason) -> mailbox.post(() -> artifactLost(new Attempt(workId, attempt), reason)));
        mailbox.start();
    }

    // From other threads.

    ApiStream connected(ServerCallStreamObserver<WorkerMessage> call) {
        long session = sessionsSeen.incrementAndGet();
        long helloDueMillis = mailbox.nowMillis() + settings.helloMillisMax();
        ApiStream stream = new ApiStream(session, helloDueMillis, settings, mailbox, this, call);
        boolean posted = mailbox.post(() -> {
            if (ungreeted.size() >= settings.sessionsMax()) {
                stream.fail(Status.RESOURCE_EXHAUSTED.withDescription(
                        settings.sessionsMax() + " streams have not said hello yet; try again"));
            } else {
                ungreeted.put(session, stream);
            }
        });
        if (!posted) {
            stream.fail(Status.UNAVAILABLE.withDescription("the worker has ended"));
        }
        return stream;
    }

    void setAcceptingWork(boolean acceptingWork) {
        mailbox.post(() -> step(new AgentEvent.AcceptingChanged(acceptingWork)));
    }

    void beginDrain() {
        LOG.info("drain: no new work is taken");
        mailbox.post(() -> step(new AgentEvent.DrainBegun()));
    }

    boolean awaitDrained(long timeoutMillis) throws InterruptedException {
        return drainedLatch.await(timeoutMillis, TimeUnit.MILLISECONDS) && !drainForced;
    }

    ControlStatus status() {
        return status;
    }

    @Override
    public void succeeded(Attempt attempt, Finished outcome) {
        mailbox.post(() -> {
            finished.put(attempt, outcome);
            step(new AgentEvent.ExecutionSucceeded(attempt.workId(), attempt.attempt()));
            finished.keySet().retainAll(assignments.keySet());
        });
    }

    @Override
    public void failed(Attempt attempt, FailureClass failureClass, String message) {
        if (failureClass == FailureClass.DISK_FULL) {
            usage.reportFull();
        }
        mailbox.post(() -> step(new AgentEvent.ExecutionFailed(
                attempt.workId(), attempt.attempt(), ControlMessages.kind(failureClass), message)));
    }

    @Override
    public void close() {
        mailbox.close();
        executions.close();
        status = withFlags(status, status.drained(), status.failed());
    }

    private static ControlStatus withFlags(ControlStatus status, boolean drained, boolean failed) {
        return new ControlStatus(
                false,
                status.draining(),
                drained,
                failed,
                0,
                status.running(),
                status.queued(),
                status.artifactsWaiting());
    }

    private void defect(Throwable failure) {
        status = withFlags(status, false, true);
        Status reason = Status.INTERNAL.withDescription("the worker's coordination failed: " + failure);
        streams.values().forEach(stream -> stream.fail(reason));
        ungreeted.values().forEach(stream -> stream.fail(reason));
        drainForced = true;
        drainedLatch.countDown();
    }

    // In the mailbox.

    @Override
    public void received(ApiStream stream, ApiMessage message) {
        if (message.getMessageCase() == ApiMessage.MessageCase.HELLO) {
            hello(stream, message.getHello());
            return;
        }
        if (!stream.greeted) {
            refuse(stream, Status.FAILED_PRECONDITION, "the first message of a control stream is ApiHello");
            return;
        }
        if (!streams.containsKey(stream.session)) {
            // Its session ended here; what was on its way is of no use.
            return;
        }
        switch (message.getMessageCase()) {
            case ASSIGN -> assigned(stream, message.getAssign());
            case CANCEL ->
                step(new AgentEvent.CancelReceived(
                        stream.session,
                        message.getCancel().getWorkId(),
                        message.getCancel().getReason()));
            case ACK ->
                step(new AgentEvent.AckReceived(
                        stream.session,
                        message.getAck().getWorkId(),
                        message.getAck().getAttempt()));
            case HEARTBEAT ->
                step(new AgentEvent.HeartbeatReceived(
                        stream.session,
                        message.getHeartbeat().getSequence(),
                        message.getHeartbeat().getReply()));
            case HELLO, MESSAGE_NOT_SET -> {
                stream.fail(Status.INVALID_ARGUMENT.withDescription("a control message of an unknown kind"));
                ended(stream, ApiStream.Ending.BROKEN_PROTOCOL, "unknown message");
            }
        }
    }

    private void hello(ApiStream stream, ApiHello hello) {
        if (stream.greeted) {
            stream.fail(Status.FAILED_PRECONDITION.withDescription("a control stream says hello once"));
            ended(stream, ApiStream.Ending.BROKEN_PROTOCOL, "second hello");
            return;
        }
        if (hello.getProtocolVersion() != ControlSettings.PROTOCOL_VERSION) {
            refuseVersion(stream, hello);
            return;
        }
        if (hello.getApiId().isBlank() || hello.getHeartbeatIntervalMillis() > 60_000) {
            refuse(stream, Status.INVALID_ARGUMENT, "ApiHello needs an api_id and a heartbeat interval up to 60 s");
            return;
        }
        if (ungreeted.remove(stream.session) == null) {
            return;
        }
        stream.greeted = true;
        streams.put(stream.session, stream);
        apiSessions.put(stream.session, hello.getSession());
        step(new AgentEvent.SessionOpened(
                stream.session, hello.getApiId(), hello.getSession(), hello.getHeartbeatIntervalMillis()));
        if (streams.containsKey(stream.session)) {
            LOG.info("API {} connected, session {}", hello.getApiId(), hello.getSession());
        }
    }

    /** An API retries for as long as it runs; people are told once. */
    private void refuseVersion(ApiStream stream, ApiHello hello) {
        String message = "control protocol version " + hello.getProtocolVersion() + " of API " + hello.getApiId()
                + " is not version " + ControlSettings.PROTOCOL_VERSION
                + " of this worker; run the same release of Weir"
                + " on both";
        sessionMetrics.versionMismatches.increment();
        if (versionsReported.add(hello.getApiId() + "/" + hello.getProtocolVersion())) {
            LOG.error("an API is refused: {}; its further attempts are only counted", message);
        }
        if (versionsReported.size() > settings.sessionsMax()) {
            versionsReported.removeFirst();
        }
        ungreeted.remove(stream.session);
        stream.failForVersion(Status.FAILED_PRECONDITION.withDescription(message), hello.getProtocolVersion());
    }

    private void refuse(ApiStream stream, Status status, String message) {
        LOG.warn("an API's control stream is refused: {}", message);
        ungreeted.remove(stream.session);
        stream.fail(status.withDescription(message));
    }

    @Override
    public void ended(ApiStream stream, ApiStream.Ending ending, String reason) {
        ungreeted.remove(stream.session);
        if (streams.remove(stream.session) != null) {
            apiSessions.remove(stream.session);
            sessionMetrics.disconnected(ending);
            LOG.info("control session {} of an API ended: {}", stream.session, reason);
            step(new AgentEvent.SessionClosed(stream.session, reason));
        }
    }

    private void assigned(ApiStream stream, AssignWork work) {
        Attempt attempt = new Attempt(work.getWorkId(), work.getAttempt());
        Assignment assignment = assignments.computeIfAbsent(attempt, fresh -> assignment(work));
        try (LogContext context = assignment.logContext()) {
            LOG.debug("attempt {} received", work.getAttempt());
        }
        step(new AgentEvent.Assigned(
                stream.session,
                work.getWorkId(),
                work.getAttempt(),
                work.getQueryId(),
                work.getLeafId(),
                Math.min(work.getDeadlineRemainingMillis(), 86_400_000)));
    }

    private void artifactLost(Attempt attempt, String reason) {
        Assignment assignment = assignments.get(attempt);
        if (assignment != null) {
            try (LogContext context = assignment.logContext()) {
                LOG.warn("artifact of attempt {} lost, the work runs again: {}", attempt.attempt(), reason);
            }
        }
        step(new AgentEvent.ArtifactLost(attempt.workId(), attempt.attempt(), reason));
    }

    private Assignment assignment(AssignWork work) {
        Trace trace = tracing.enter("work", SpanKind.CONSUMER, work.getTraceParent(), "")
                .set("query_id", work.getQueryId())
                .set("work_id", work.getWorkId())
                .set("leaf_id", work.getLeafId())
                .set("attempt", work.getAttempt())
                .set("worker_id", settings.workerId());
        return new Assignment(work, System.nanoTime(), trace, trace.child("queued"));
    }

    private long nextTimerMillis() {
        long next = agent.nextTimerMillis();
        for (ApiStream stream : ungreeted.values()) {
            next = Math.min(next, stream.helloDueMillis);
        }
        return next;
    }

    private void tick() {
        for (ApiStream stream : List.copyOf(ungreeted.values())) {
            if (stream.helloDueMillis <= mailbox.nowMillis()) {
                refuse(stream, Status.DEADLINE_EXCEEDED, "no hello within " + settings.helloMillisMax() + " ms");
            }
        }
        step(new AgentEvent.Tick());
    }

    private void step(AgentEvent event) {
        for (AgentEffect effect : agent.handle(event, mailbox.nowMillis())) {
            execute(effect);
        }
        forgetWhatIsGone();
        status = new ControlStatus(
                agent.acceptsWork(),
                agent.isDraining(),
                agent.isDrained(),
                false,
                streams.size(),
                agent.running(),
                agent.queued(),
                finishedCount());
    }

    private int finishedCount() {
        int ready = 0;
        for (WorkerAgent.TaskSnapshot task : agent.tasks()) {
            ready += task.state() == TaskState.READY ? 1 : 0;
        }
        return ready;
    }

    /** Assignments live as long as the agent has their tasks. */
    private void forgetWhatIsGone() {
        List<WorkerAgent.TaskSnapshot> tasks = agent.tasks();
        if (assignments.size() != tasks.size()) {
            Set<Attempt> known = new HashSet<>();
            tasks.forEach(task -> known.add(new Attempt(task.workId(), task.attempt())));
            assignments.entrySet().removeIf(entry -> {
                boolean gone = !known.contains(entry.getKey());
                if (gone) {
                    entry.getValue().endTrace();
                }
                return gone;
            });
        }
    }

    private void execute(AgentEffect effect) {
        switch (effect) {
            case AgentEffect.SendHello hello -> {
                Long apiSession = apiSessions.get(hello.session());
                send(
                        hello.session(),
                        ControlMessages.hello(
                                settings,
                                apiSession == null ? 0 : apiSession,
                                ControlMessages.status(hello.status(), usage)));
            }
            case AgentEffect.SendStatus sent ->
                send(
                        sent.session(),
                        WorkerMessage.newBuilder()
                                .setStatus(ControlMessages.status(sent.status(), usage))
                                .build());
            case AgentEffect.SendAccepted accepted -> {
                acceptedCounter.increment();
                send(accepted.session(), ControlMessages.accepted(accepted));
            }
            case AgentEffect.SendRejected rejected -> {
                rejectedCounter.increment();
                send(rejected.session(), ControlMessages.rejected(rejected));
            }
            case AgentEffect.SendReady ready -> ready(ready);
            case AgentEffect.SendFailed failed -> {
                Assignment assignment = assignments.get(new Attempt(failed.workId(), failed.attempt()));
                if (assignment != null) {
                    assignment.trace().fail(failed.message());
                }
                send(failed.session(), ControlMessages.failed(failed));
            }
            case AgentEffect.SendHeartbeat heartbeat -> send(heartbeat.session(), ControlMessages.heartbeat(heartbeat));
            case AgentEffect.CloseSession close -> close(close);
            case AgentEffect.StartExecution start -> start(start);
            case AgentEffect.CancelExecution cancel -> {
                canceled(new Attempt(cancel.workId(), cancel.attempt()), cancel.reason());
                executions.cancel(new Attempt(cancel.workId(), cancel.attempt()));
            }
            case AgentEffect.DiscardArtifact discard -> {
                finished.remove(new Attempt(discard.workId(), discard.attempt()));
                spool.discard(discard.workId(), discard.attempt());
            }
            case AgentEffect.AcknowledgeArtifact acknowledged ->
                spool.acknowledge(acknowledged.workId(), acknowledged.attempt());
            case AgentEffect.Drained drained -> {
                LOG.info("drain: {}", drained.forced() ? "ended by its time limit" : "complete");
                drainForced = drained.forced();
                drainedLatch.countDown();
            }
        }
    }

    private void ready(AgentEffect.SendReady ready) {
        Attempt attempt = new Attempt(ready.workId(), ready.attempt());
        Finished outcome = finished.remove(attempt);
        Assignment assignment = assignments.get(attempt);
        if (outcome == null || assignment == null) {
            throw new IllegalStateException("work " + attempt + " is ready but has no artifact or assignment");
        }
        send(ready.session(), ControlMessages.ready(assignment.work(), outcome));
        assignment.trace().set("artifact_bytes", outcome.artifact().sizeBytes());
        assignment.endTrace();
    }

    private void start(AgentEffect.StartExecution start) {
        Assignment assignment = assignments.get(new Attempt(start.workId(), start.attempt()));
        if (assignment == null) {
            throw new IllegalStateException("work " + start.workId() + " starts but was never assigned");
        }
        assignment.queued().close();
        executions.start(
                start.apiId(),
                assignment.work(),
                assignment.receivedNanos(),
                start.deadlineMillis() - mailbox.nowMillis(),
                assignment.trace());
    }

    private void close(AgentEffect.CloseSession close) {
        ApiStream stream = streams.remove(close.session());
        if (stream == null) {
            return;
        }
        apiSessions.remove(close.session());
        ApiStream.Ending ending = switch (close.reason()) {
            case DRAINED -> ApiStream.Ending.DRAINED;
            case SILENT -> ApiStream.Ending.SILENT;
            case SUPERSEDED, OUTDATED -> ApiStream.Ending.SUPERSEDED;
            case TOO_MANY_SESSIONS -> ApiStream.Ending.TOO_MANY_PEERS;
        };
        sessionMetrics.disconnected(ending);
        LOG.info("control session {} of an API closed: {}", close.session(), close.message());
        switch (close.reason()) {
            case DRAINED -> stream.complete();
            case SILENT -> stream.fail(Status.DEADLINE_EXCEEDED.withDescription(close.message()));
            case SUPERSEDED, OUTDATED -> stream.fail(Status.ABORTED.withDescription(close.message()));
            case TOO_MANY_SESSIONS -> stream.fail(Status.RESOURCE_EXHAUSTED.withDescription(close.message()));
        }
    }

    private void canceled(Attempt attempt, String reason) {
        Assignment assignment = assignments.get(attempt);
        if (assignment == null) {
            throw new IllegalStateException("work " + attempt + " is canceled but was never assigned");
        }
        try (LogContext context = assignment.logContext()) {
            LOG.info("attempt {} canceled: {}", attempt.attempt(), reason);
        }
        assignment.trace().event("canceled", "reason", reason).fail("canceled: " + reason);
    }

    private void send(long session, WorkerMessage message) {
        @Nullable ApiStream stream = streams.get(session);
        if (stream != null) {
            stream.send(message);
        }
    }
}
