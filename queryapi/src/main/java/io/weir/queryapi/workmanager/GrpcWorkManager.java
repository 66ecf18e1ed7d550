package io.weir.queryapi.workmanager;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.ArtifactAck;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.CancelWork;
import io.weir.proto.control.v1.Heartbeat;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.stream.Mailbox;
import io.weir.queryapi.discovery.WorkerDiscovery;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.workcoord.coordinator.Coordinator;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
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
import org.slf4j.MDC;

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

    private volatile WorkLoad load = new WorkLoad(0, 0, 0, 0, 0, 0);
    private volatile @Nullable Throwable defect;
    private volatile boolean closed;

    /** Starts dialling. Owns the discovery and the fetcher from now on: {@link #close} closes them. */
    public static GrpcWorkManager start(
            WorkManagerSettings settings, WorkerDiscovery discovery, ArtifactFetcher fetcher, MeterRegistry registry) {
        GrpcWorkManager manager = new GrpcWorkManager(settings, discovery, fetcher, registry);
        manager.mailbox.start();
        discovery.start(addresses -> manager.mailbox.post(() -> manager.links.addresses(addresses)));
        return manager;
    }

    private GrpcWorkManager(
            WorkManagerSettings settings, WorkerDiscovery discovery, ArtifactFetcher fetcher, MeterRegistry registry) {
        this.settings = settings;
        this.discovery = discovery;
        this.fetcher = fetcher;
        this.coordinator = new Coordinator(settings.limits());
        this.metrics = new WorkMetrics(registry, this);
        // Transports and downloads wait for room; callers are refused before it comes to that.
        this.mailbox = new Mailbox(
                "weir-work-manager",
                2 * settings.commandsMax() + 4_096,
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
        this.links = new ControlLinks(settings, mailbox, new SplittableRandom(), metrics, new FromWorkers());
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

    /** How much waits and runs, as of the last step; never blocks. */
    public WorkLoad load() {
        return load;
    }

    /** Whether a defect has stopped scheduling; the process has to be restarted. */
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
        CompletableFuture<List<ControlLink>> ended = new CompletableFuture<>();
        List<ControlLink> channels = List.of();
        try {
            if (mailbox.post(() -> ended.complete(shutDown()))) {
                channels = ended.get(2, TimeUnit.SECONDS);
            }
            mailbox.close();
            for (ControlLink link : channels) {
                if (!link.awaitClosed(500)) {
                    LOG.warn("the channel to {} did not end in time", link.address);
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException failure) {
            LOG.warn("the work manager did not end in order", failure);
        } finally {
            mailbox.close();
            fetcher.close();
        }
    }

    // In the mailbox.

    private List<ControlLink> shutDown() {
        List<RunningQuery> running = new ArrayList<>(queries.values());
        queries.clear();
        for (RunningQuery query : running) {
            step(new CoordinatorEvent.CancelQuery(query.submission.queryId(), "the API is shutting down"));
            query.failed(new QueryException.Unavailable("the API is shutting down"));
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
                submission.queryId(), submission.tenant(), mailbox.millisOf(submission.deadlineNanos()), units));
        submitting = null;
    }

    private void step(CoordinatorEvent event) {
        long now = mailbox.nowMillis();
        for (CoordinatorEffect effect : coordinator.handle(event, now)) {
            execute(effect);
        }
        int capacity = 0;
        int workers = 0;
        for (WorkerSnapshot worker : coordinator.workers()) {
            workers++;
            capacity += worker.acceptingWork() && !worker.draining() ? worker.credits() : 0;
        }
        load = new WorkLoad(
                workers,
                coordinator.queriesRunning(),
                coordinator.queued(),
                coordinator.oldestQueuedMillis(now),
                coordinator.inFlight(),
                capacity);
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
                downloads.start(fetch.queryId(), ready);
            }
            case CoordinatorEffect.AbortFetch abort -> downloads.drop(abort.workId(), abort.attempt());
            case CoordinatorEffect.DiscardFetched discard -> downloads.drop(discard.workId(), discard.attempt());
            case CoordinatorEffect.Commit commit -> commit(commit);
            case CoordinatorEffect.SubmitAccepted accepted -> {
                RunningQuery query = requireSubmitting();
                queries.put(accepted.queryId(), query);
                query.answer.complete(null);
            }
            case CoordinatorEffect.SubmitRefused refused ->
                requireSubmitting().answer.complete(WorkFailures.exception(refused.kind(), refused.message()));
            case CoordinatorEffect.QueryCompleted completed -> queries.remove(completed.queryId());
            case CoordinatorEffect.QueryFailed failed -> {
                RunningQuery query = queries.remove(failed.queryId());
                if (query != null) {
                    MDC.put("query_id", failed.queryId());
                    LOG.info("query's work failed: {}: {}", failed.kind(), failed.message());
                    MDC.remove("query_id");
                    query.failed(WorkFailures.exception(failed.kind(), failed.message()));
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
            MDC.put("query_id", assign.queryId());
            MDC.put("work_id", assign.workId());
            LOG.info(
                    assign.hedge()
                            ? "work takes long and is given to a second worker, attempt {}"
                            : "work is assigned again, attempt {}",
                    assign.attempt());
            MDC.remove("query_id");
            MDC.remove("work_id");
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
        if (!query.committed(query.unit(commit.workId()), artifact)) {
            query.failed(new QueryException.Internal("the artifact of work " + commit.workId() + " was not taken"));
            cancel(query, "its listener failed");
        }
    }

    private List<WorkerView> views() {
        Map<Long, WorkerSnapshot> live = new HashMap<>();
        coordinator.workers().forEach(worker -> live.put(worker.session(), worker));
        List<WorkerView> views = new ArrayList<>();
        for (ControlLink link : links.all()) {
            WorkerSnapshot worker = link.state == ControlLink.State.OPEN ? live.get(link.session) : null;
            WorkerStatus status = link.status;
            if (worker == null) {
                String state = link.lostNanos == 0 ? "connecting" : "lost";
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

    /** Messages of workers as events of the coordinator. */
    private final class FromWorkers implements ControlLinks.Receiver {
        @Override
        public void step(CoordinatorEvent event) {
            GrpcWorkManager.this.step(event);
        }

        @Override
        public void received(ControlLink link, WorkerMessage message) {
            long session = link.session;
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
                case FAILED ->
                    step(new CoordinatorEvent.Failed(
                            session,
                            message.getFailed().getWorkId(),
                            message.getFailed().getAttempt(),
                            WorkFailures.kind(message.getFailed().getFailureClass()),
                            message.getFailed().getMessage()));
                case STATUS -> {
                    WorkerStatus status = message.getStatus();
                    link.status = status;
                    step(new CoordinatorEvent.StatusReceived(
                            session, status.getAcceptingWork(), status.getDraining(), status.getCredits()));
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
