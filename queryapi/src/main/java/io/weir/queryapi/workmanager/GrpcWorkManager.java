package io.weir.queryapi.workmanager;

import io.grpc.ManagedChannel;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.ArtifactAck;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.CancelWork;
import io.weir.proto.control.v1.Heartbeat;
import io.weir.proto.control.v1.WorkFailed;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.log.LogContext;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.autoscale.Autoscaler;
import io.weir.queryapi.discovery.WorkerDiscovery;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.Coordinator;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.Priority;
import io.weir.workcoord.coordinator.WorkerSnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs work on workers over the control streams. One mailbox owns the coordinator; transports, downloads and callers only
 * post to it. Listeners are called on the mailbox's thread: they must not block, and must not submit.
 */
public final class GrpcWorkManager implements WorkManager, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcWorkManager.class);

    private final WorkManagerSettings settings;
    private final WorkerDiscovery discovery;
    private final ArtifactFetcher fetcher;
    private final WorkMetrics metrics;
    private final Mailbox mailbox;

    // Owned by the mailbox.
    private final Coordinator coordinator;
    private final ControlLinks links;
    private final Downloads downloads;
    private final Map<String, RunningQuery> queries = new HashMap<>();
    private @Nullable RunningQuery submitting;
    private @Nullable WorkReady announced;

    /** Pieces of work refused in this step because no worker accepts any: demand that no queue shows. */
    private int refusedWithoutWorkers;

    private final Autoscaler autoscaler;
    private volatile Observed observed = new Observed(new WorkLoad(0, 0, 0, 0, 0, 0, 0, 0), 0);
    private volatile @Nullable Throwable defect;
    private volatile boolean closed;

    /** The load as of the last step. */
    private record Observed(WorkLoad load, long atMillis) {}

    /** Starts dialling. Owns the discovery and the fetcher from now on: {@link #close} closes them. */
    public static GrpcWorkManager start(
            WorkManagerSettings settings, WorkerDiscovery discovery, ArtifactFetcher fetcher, MeterRegistry registry) {
        return start(settings, discovery, fetcher, registry, HostResolver.SYSTEM);
    }

    /** Starts with its own way to look host names up. */
    static GrpcWorkManager start(
            WorkManagerSettings settings,
            WorkerDiscovery discovery,
            ArtifactFetcher fetcher,
            MeterRegistry registry,
            HostResolver resolver) {
        GrpcWorkManager manager = new GrpcWorkManager(settings, discovery, fetcher, registry, resolver);
        manager.mailbox.start();
        discovery.start(addresses -> manager.mailbox.post(() -> manager.links.addresses(addresses)));
        return manager;
    }

    private GrpcWorkManager(
            WorkManagerSettings settings,
            WorkerDiscovery discovery,
            ArtifactFetcher fetcher,
            MeterRegistry registry,
            HostResolver resolver) {
        this.settings = settings;
        this.discovery = discovery;
        this.fetcher = fetcher;
        this.coordinator = new Coordinator(settings.limits());
        this.autoscaler = new Autoscaler(settings.autoscale());
        // Made for all that transports and downloads can post at once; callers are refused before it is full.
        this.mailbox = new Mailbox(
                "weir-work-manager",
                settings.mailboxMessagesMax(),
                System::nanoTime,
                new Mailbox.Timers() {
                    @Override
                    public long nextTimerMillis() {
                        return Math.min(coordinator.nextTimerMillis(), links().nextTimerMillis());
                    }

                    @Override
                    public void tick() {
                        links().tick();
                        step(new CoordinatorEvent.Tick());
                    }
                },
                this::defect);
        this.metrics = new WorkMetrics(registry, this);
        this.links = new ControlLinks(
                settings, mailbox, new SplittableRandom(), resolver, new LinkMetrics(registry), new FromWorkers());
        this.downloads = new Downloads(fetcher, mailbox, this::step, this::failQuery);
    }

    private ControlLinks links() {
        return links;
    }

    // From other threads.

    @Override
    public QueryWork submit(Submission submission, Listener listener) {
        if (mailbox.isOwnThread()) {
            throw new IllegalStateException("a listener must not submit; hand over to another thread");
        }
        RunningQuery query = new RunningQuery(submission, listener, this);
        if (defect != null || closed) {
            throw new QueryException.Unavailable("this API process cannot run queries: "
                    + (closed ? "it is shutting down" : "its work manager failed; restart it"));
        }
        if (mailbox.waiting() >= settings.commandsMax() || !mailbox.offer(() -> submitInMailbox(query))) {
            throw new QueryException.Unavailable(
                    "the API is overloaded: " + settings.commandsMax() + " requests wait to be scheduled; try again");
        }
        QueryException refusal = await(query.answer, query);
        if (refusal != null) {
            throw refusal;
        }
        return query;
    }

    private @Nullable QueryException await(CompletableFuture<@Nullable QueryException> answer, RunningQuery query) {
        try {
            return answer.get(settings.answerMillisMax(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            query.cancel("its thread was interrupted");
            return new QueryException.Canceled("interrupted while the query's work was being submitted");
        } catch (TimeoutException late) {
            query.cancel("submission took too long");
            return new QueryException.Unavailable(
                    "the query's work could not be submitted within " + settings.answerMillisMax() + " ms");
        } catch (ExecutionException failure) {
            throw new IllegalStateException(failure.getCause());
        }
    }

    void cancel(RunningQuery query, String reason) {
        mailbox.post(() -> {
            String queryId = query.submission.queryId();
            if (queries.remove(queryId, query)) {
                try (LogContext context = query.logContext()) {
                    LOG.debug("the work that is left is canceled: {}", reason);
                }
                query.endWork(reason, false);
                step(new CoordinatorEvent.CancelQuery(queryId, reason));
            }
        });
    }

    @Override
    public List<WorkerView> workers() {
        return ask(this::views).orElse(List.of());
    }

    @Override
    public Optional<String> placement(String affinityKey) {
        return ask(() -> coordinator.placement(affinityKey)).orElse(Optional.empty());
    }

    @Override
    public WorkLoad load() {
        Observed last = observed;
        WorkLoad load = last.load();
        long nowMillis = mailbox.nowMillis();
        // Waiting work grows older between two steps.
        long oldest = load.queued() == 0 ? 0 : load.oldestQueuedMillis() + Math.max(0, nowMillis - last.atMillis());
        return new WorkLoad(
                load.workers(),
                load.accepting(),
                load.queries(),
                load.queued(),
                oldest,
                load.inFlight(),
                load.capacity(),
                autoscaler.desiredWorkers(load.queued(), oldest, load.inFlight(), nowMillis));
    }

    @Override
    public boolean mayHaveNoWorkers() {
        return settings.autoscale().workersMin() == 0;
    }

    @Override
    public boolean isFailed() {
        return defect != null;
    }

    private <T> Optional<T> ask(Supplier<T> question) {
        if (mailbox.isOwnThread()) {
            return Optional.of(question.get());
        }
        CompletableFuture<T> answer = new CompletableFuture<>();
        if (mailbox.waiting() >= settings.commandsMax() || !mailbox.offer(() -> answer.complete(question.get()))) {
            return Optional.empty();
        }
        try {
            return Optional.of(answer.get(settings.answerMillisMax(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (TimeoutException | ExecutionException failure) {
            LOG.warn("the work manager did not answer within {} ms", settings.answerMillisMax());
            return Optional.empty();
        }
    }

    /** Fails what runs, closes the streams; takes a few seconds at most. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        discovery.close();
        CompletableFuture<List<ManagedChannel>> ended = new CompletableFuture<>();
        List<ManagedChannel> channels = List.of();
        try {
            if (mailbox.post(() -> ended.complete(shutDown()))) {
                channels = ended.get(2, TimeUnit.SECONDS);
            }
            mailbox.close();
            awaitClosed(channels);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException failure) {
            LOG.warn("the work manager did not end in order", failure);
        } finally {
            mailbox.close();
            fetcher.close();
        }
    }

    /** All of them together have two seconds. */
    private static void awaitClosed(List<ManagedChannel> channels) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        int late = 0;
        for (ManagedChannel channel : channels) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            late += ControlLink.awaitClosed(channel, Math.max(0, leftMillis)) ? 0 : 1;
        }
        if (late > 0) {
            LOG.warn("{} channels to workers did not end in time", late);
        }
    }

    // In the mailbox.

    private List<ManagedChannel> shutDown() {
        for (RunningQuery query : List.copyOf(queries.values())) {
            // One by one: what the end of one frees is given to another, which must still be there.
            if (queries.remove(query.submission.queryId(), query)) {
                query.endWork("the API is shutting down", true);
                step(new CoordinatorEvent.CancelQuery(query.submission.queryId(), "the API is shutting down"));
                query.failed(new QueryException.Unavailable("the API is shutting down"));
            }
        }
        return links.closeAll();
    }

    private void defect(Throwable failure) {
        defect = failure;
        QueryException cause = new QueryException.Internal("the API's work manager failed: " + failure, failure);
        for (RunningQuery query : queries.values()) {
            query.failed(cause);
        }
        RunningQuery interrupted = submitting;
        if (interrupted != null) {
            interrupted.answer.complete(cause);
        }
        links.closeAll();
    }

    private void submitInMailbox(RunningQuery query) {
        Submission submission = query.submission;
        List<CoordinatorEvent.Unit> units = new ArrayList<>();
        for (WorkUnit unit : submission.units()) {
            units.add(new CoordinatorEvent.Unit(unit.leafId(), unit.workId(), unit.affinityKey()));
        }
        submitting = query;
        step(new CoordinatorEvent.Submit(
                submission.queryId(),
                submission.tenant(),
                mailbox.millisOf(submission.deadlineNanos()),
                units,
                submission.priority()));
        submitting = null;
    }

    private void step(CoordinatorEvent event) {
        long now = mailbox.nowMillis();
        for (CoordinatorEffect effect : coordinator.handle(event, now)) {
            execute(effect);
        }
        observe(now);
    }

    private void observe(long nowMillis) {
        int capacity = 0;
        int workers = 0;
        int accepting = 0;
        for (WorkerSnapshot worker : coordinator.workers()) {
            workers++;
            if (worker.acceptingWork() && !worker.draining()) {
                accepting++;
                capacity += worker.credits();
            }
        }
        int queued = coordinator.queued(Priority.INTERACTIVE);
        // Background work waits for its share, so it asks for a worker, not for more of them.
        int background = accepting == 0 ? Math.min(1, coordinator.queued(Priority.BACKGROUND)) : 0;
        long oldestMillis = coordinator.oldestQueuedMillis(nowMillis);
        int inFlight = coordinator.inFlight();
        autoscaler.observe(
                queued + background + refusedWithoutWorkers, oldestMillis, inFlight, capacity, accepting, nowMillis);
        refusedWithoutWorkers = 0;
        observed = new Observed(
                new WorkLoad(
                        workers, accepting, coordinator.queriesRunning(), queued, oldestMillis, inFlight, capacity, 0),
                nowMillis);
    }

    private void execute(CoordinatorEffect effect) {
        switch (effect) {
            case CoordinatorEffect.SendAssign assign -> assign(assign);
            case CoordinatorEffect.SendCancel cancel ->
                links.send(
                        cancel.session(),
                        ApiMessage.newBuilder()
                                .setCancel(CancelWork.newBuilder()
                                        .setWorkId(cancel.workId())
                                        .setReason(cancel.reason()))
                                .build());
            case CoordinatorEffect.SendAck ack ->
                links.send(
                        ack.session(),
                        ApiMessage.newBuilder()
                                .setAck(ArtifactAck.newBuilder()
                                        .setWorkId(ack.workId())
                                        .setAttempt(ack.attempt()))
                                .build());
            case CoordinatorEffect.SendHeartbeat heartbeat -> heartbeat(heartbeat);
            case CoordinatorEffect.CloseSession close -> links.close(close);
            case CoordinatorEffect.StartFetch fetch -> {
                WorkReady ready = announced;
                if (ready == null
                        || !ready.getWorkId().equals(fetch.workId())
                        || ready.getAttempt() != fetch.attempt()) {
                    throw new IllegalStateException("work " + fetch.workId() + " is fetched but was not announced");
                }
                RunningQuery query = queries.get(fetch.queryId());
                downloads.start(fetch.queryId(), ready, query == null ? Trace.OFF : query.work(fetch.workId()));
            }
            case CoordinatorEffect.AbortFetch abort -> downloads.drop(abort.workId(), abort.attempt());
            case CoordinatorEffect.DiscardFetched discard -> downloads.drop(discard.workId(), discard.attempt());
            case CoordinatorEffect.Commit commit -> commit(commit);
            case CoordinatorEffect.SubmitAccepted accepted -> {
                RunningQuery query = requireSubmitting();
                queries.put(accepted.queryId(), query);
                query.beginWork();
                query.answer.complete(null);
            }
            case CoordinatorEffect.SubmitRefused refused -> {
                RunningQuery query = requireSubmitting();
                if (refused.kind() == FailureKind.NO_WORKERS) {
                    refusedWithoutWorkers += query.submission.priority() == Priority.INTERACTIVE
                            ? query.submission.units().size()
                            : 1;
                }
                query.answer.complete(WorkFailures.exception(refused.kind(), refused.message(), false));
            }
            case CoordinatorEffect.QueryCompleted completed -> {
                RunningQuery query = queries.remove(completed.queryId());
                if (query != null) {
                    query.endWork("the query is complete", false);
                }
            }
            case CoordinatorEffect.QueryFailed failed -> {
                RunningQuery query = queries.remove(failed.queryId());
                if (query != null) {
                    try (LogContext context = query.logContext()) {
                        LOG.info("query's work failed: {}: {}", failed.kind(), failed.message());
                        query.endWork(failed.message(), true);
                        query.failed(WorkFailures.exception(failed.kind(), failed.message(), query.hasBegun()));
                    }
                }
            }
            case CoordinatorEffect.Count count -> metrics.count(count.counter());
        }
    }

    private void failQuery(String queryId, QueryException cause) {
        RunningQuery query = queries.remove(queryId);
        if (query != null) {
            LOG.info("query_id={} fails: {}", queryId, cause.getMessage());
            step(new CoordinatorEvent.CancelQuery(queryId, String.valueOf(cause.getMessage())));
            query.failed(cause);
        }
    }

    private RunningQuery requireSubmitting() {
        RunningQuery query = submitting;
        if (query == null) {
            throw new IllegalStateException("an answer to a submission nobody made");
        }
        return query;
    }

    private void assign(CoordinatorEffect.SendAssign assign) {
        RunningQuery query = queries.get(assign.queryId());
        if (query == null) {
            throw new IllegalStateException("work of query " + assign.queryId() + " is assigned but it does not run");
        }
        if (assign.attempt() == 1) {
            metrics.assignment.record(System.nanoTime() - query.submittedNanos, TimeUnit.NANOSECONDS);
        } else {
            try (LogContext context = query.logContext(assign.workId())) {
                LOG.info(
                        assign.hedge()
                                ? "work takes long and is given to a second worker, attempt {}"
                                : "work is assigned again, attempt {}",
                        assign.attempt());
            }
        }
        Trace span = query.begin(assign.workId()).set("attempt", assign.attempt());
        if (span.isRecording()) {
            ControlLink link = links.ofSession(assign.session());
            span.event("assigned", "worker_id", link == null ? "" : link.workerId);
        }
        WorkUnit unit = query.unit(assign.workId());
        links.send(
                assign.session(),
                ApiMessage.newBuilder()
                        .setAssign(AssignWork.newBuilder()
                                .setQueryId(assign.queryId())
                                .setLeafId(assign.leafId())
                                .setWorkId(assign.workId())
                                .setAttempt(assign.attempt())
                                .setAffinityKey(assign.affinityKey())
                                .setDeadlineRemainingMillis(assign.deadlineRemainingMillis())
                                .setTraceParent(span.traceParent())
                                .setSpec(unit.spec()))
                        .build());
    }

    private void heartbeat(CoordinatorEffect.SendHeartbeat heartbeat) {
        ControlLink link = links.ofSession(heartbeat.session());
        if (link != null && !heartbeat.reply()) {
            link.heartbeatSequence = heartbeat.sequence();
            link.heartbeatSentNanos = System.nanoTime();
        }
        links.send(
                heartbeat.session(),
                ApiMessage.newBuilder()
                        .setHeartbeat(Heartbeat.newBuilder()
                                .setSequence(heartbeat.sequence())
                                .setReply(heartbeat.reply()))
                        .build());
    }

    private void commit(CoordinatorEffect.Commit commit) {
        Downloads.Complete complete = downloads.take(commit.workId(), commit.attempt());
        RunningQuery query = queries.get(commit.queryId());
        if (query == null) {
            throw new IllegalStateException("work of query " + commit.queryId() + " is committed but it does not run");
        }
        WorkStatistics statistics = complete.ready().getStatistics();
        FetchedArtifact artifact = new FetchedArtifact(
                complete.file(), complete.ready().getArtifactSizeBytes(), commit.workerId(), statistics);
        query.work(commit.workId())
                .set("worker_id", commit.workerId())
                .set("samples", statistics.getSamplesRead())
                .event("committed");
        query.endWork(commit.workId());
        boolean taken;
        try (LogContext context = query.logContext(commit.workId())) {
            LOG.debug("committed, attempt {} of worker {}", commit.attempt(), commit.workerId());
            taken = query.committed(query.unit(commit.workId()), artifact);
        }
        if (!taken) {
            query.failed(new QueryException.Internal("the artifact of work " + commit.workId() + " was not taken"));
            cancel(query, "its listener failed");
        }
    }

    private List<WorkerView> views() {
        Map<Long, WorkerSnapshot> live = new HashMap<>();
        coordinator.workers().forEach(worker -> live.put(worker.session(), worker));
        List<WorkerView> views = new ArrayList<>();
        for (ControlLink link : links.all()) {
            WorkerSnapshot worker = link.isOpen() ? live.get(link.session()) : null;
            WorkerStatus status = link.status;
            if (worker == null) {
                String state = link.machine.wasLost() ? "lost" : "connecting";
                views.add(new WorkerView(
                        link.workerId, link.address.toString(), state, false, false, 0, 0, 0, 0, Double.NaN, 0, 0));
            } else {
                views.add(new WorkerView(
                        worker.workerId(),
                        link.address.toString(),
                        worker.draining() ? "draining" : "alive",
                        worker.acceptingWork(),
                        worker.draining(),
                        worker.credits(),
                        worker.inFlight(),
                        status.getRunning(),
                        status.getQueued(),
                        link.heartbeatRttMillis,
                        status.getCacheBytes(),
                        status.getSpoolBytes()));
            }
        }
        return views;
    }

    /** The query that a piece of work belongs to, if it runs. */
    private @Nullable RunningQuery queryOf(String workId) {
        for (RunningQuery query : queries.values()) {
            if (query.hasUnit(workId)) {
                return query;
            }
        }
        return null;
    }

    private void workFailed(ControlLink link, WorkFailed failed) {
        RunningQuery query = queryOf(failed.getWorkId());
        if (query != null) {
            try (LogContext context = query.logContext(failed.getWorkId())) {
                LOG.info(
                        "work failed on worker {}, attempt {}: {}: {}",
                        link.workerId,
                        failed.getAttempt(),
                        failed.getFailureClass(),
                        failed.getMessage());
            }
            query.work(failed.getWorkId()).event("failed", "message", failed.getMessage());
        }
    }

    /** Messages of workers as events of the coordinator. */
    private final class FromWorkers implements ControlLinks.Receiver {
        @Override
        public void step(CoordinatorEvent event) {
            GrpcWorkManager.this.step(event);
        }

        @Override
        public void received(ControlLink link, WorkerMessage message) {
            long session = link.session();
            switch (message.getMessageCase()) {
                case ACCEPTED ->
                    step(new CoordinatorEvent.Accepted(
                            session,
                            message.getAccepted().getWorkId(),
                            message.getAccepted().getAttempt()));
                case REJECTED ->
                    step(new CoordinatorEvent.Rejected(
                            session,
                            message.getRejected().getWorkId(),
                            message.getRejected().getAttempt(),
                            message.getRejected().getReason()));
                case READY -> {
                    WorkReady ready = message.getReady();
                    RunningQuery query = queries.get(ready.getQueryId());
                    if (query != null) {
                        query.work(ready.getWorkId()).event("ready", "worker_id", link.workerId);
                    }
                    announced = ready;
                    step(new CoordinatorEvent.Ready(
                            session,
                            ready.getQueryId(),
                            ready.getLeafId(),
                            ready.getWorkId(),
                            ready.getAttempt(),
                            ready.getArtifactChecksum()));
                    announced = null;
                }
                case FAILED -> {
                    workFailed(link, message.getFailed());
                    step(new CoordinatorEvent.Failed(
                            session,
                            message.getFailed().getWorkId(),
                            message.getFailed().getAttempt(),
                            WorkFailures.kind(message.getFailed().getFailureClass()),
                            message.getFailed().getMessage()));
                }
                case STATUS -> {
                    WorkerStatus status = message.getStatus();
                    link.status = status;
                    step(new CoordinatorEvent.StatusReceived(
                            session,
                            status.getAcceptingWork(),
                            status.getDraining(),
                            settings.usableCredits(status.getCredits())));
                }
                case HEARTBEAT -> {
                    Heartbeat heartbeat = message.getHeartbeat();
                    if (heartbeat.getReply() && heartbeat.getSequence() == link.heartbeatSequence) {
                        long nanos = System.nanoTime() - link.heartbeatSentNanos;
                        link.heartbeatRttMillis = nanos / 1e6;
                        metrics.heartbeatRtt.record(nanos, TimeUnit.NANOSECONDS);
                    }
                    step(new CoordinatorEvent.HeartbeatReceived(
                            session, heartbeat.getSequence(), heartbeat.getReply()));
                }
                case HELLO, MESSAGE_NOT_SET ->
                    LOG.warn(
                            "worker {} sent a control message of an unknown kind; is it of another release?",
                            link.workerId);
            }
        }
    }
}
