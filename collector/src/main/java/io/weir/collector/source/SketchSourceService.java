package io.weir.collector.source;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weir.collector.store.Selection;
import io.weir.collector.store.SharedStore;
import io.weir.collector.store.SketchParameters;
import io.weir.collector.store.TooManySeriesException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Label;
import io.weir.proto.sketch.v1.SketchPoint;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import io.weir.proto.sketch.v1.Summary;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers fetches out of the store, each on a virtual thread of its own: it waits for the end of its window, and for a peer that reads slowly.
 * Sketches are made one at a time, as the peer takes them. Closing it ends the running fetches.
 */
public final class SketchSourceService extends SketchSourceGrpc.SketchSourceImplBase implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SketchSourceService.class);

    private final FetchSettings settings;
    private final SharedStore store;
    private final FetchObserver observer;
    private final Semaphore fetches;
    /* The transport's callbacks to a call wait until the call's method returns; a fetch that waits for them must run elsewhere. */
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("weir-collector-fetch-", 0).factory());

    public SketchSourceService(FetchSettings settings, SharedStore store, FetchObserver observer) {
        this.settings = settings;
        this.store = store;
        this.observer = observer;
        fetches = new Semaphore(settings.concurrentMax());
    }

    @Override
    public void fetch(FetchRequest request, StreamObserver<FetchReply> responses) {
        long begunNanos = System.nanoTime();
        ReplyStream replies =
                new ReplyStream((ServerCallStreamObserver<FetchReply>) responses, settings.sendMillisMax());
        if (!fetches.tryAcquire()) {
            fail(
                    replies,
                    FetchObserver.Outcome.LIMIT,
                    Status.RESOURCE_EXHAUSTED.withDescription("collector-fetch-concurrent-max="
                            + settings.concurrentMax() + " fetches are worked on already; try again later"),
                    begunNanos);
            return;
        }
        try {
            threads.execute(() -> run(request, replies, begunNanos));
        } catch (RejectedExecutionException e) {
            fetches.release();
            fail(replies, FetchObserver.Outcome.CANCELLED, shuttingDown(), begunNanos);
        }
    }

    private static Status shuttingDown() {
        return Status.UNAVAILABLE.withDescription("this collector is shutting down; try again");
    }

    private void run(FetchRequest request, ReplyStream replies, long begunNanos) {
        try {
            answer(request, replies);
            observer.fetched(FetchObserver.Outcome.SUCCESS, replies.points(), System.nanoTime() - begunNanos);
        } catch (IllegalArgumentException e) {
            fail(
                    replies,
                    FetchObserver.Outcome.BAD_REQUEST,
                    Status.INVALID_ARGUMENT.withDescription(e.getMessage()),
                    begunNanos);
        } catch (TooManySeriesException | SketchCapacityException e) {
            fail(
                    replies,
                    FetchObserver.Outcome.LIMIT,
                    Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()),
                    begunNanos);
        } catch (SlowPeerException e) {
            fail(
                    replies,
                    FetchObserver.Outcome.CANCELLED,
                    Status.CANCELLED.withDescription(e.getMessage()),
                    begunNanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail(replies, FetchObserver.Outcome.CANCELLED, shuttingDown(), begunNanos);
        } catch (SketchFormatException | RuntimeException e) {
            LOG.error("a fetch of {} failed", request.getMetric(), e);
            fail(
                    replies,
                    FetchObserver.Outcome.FAILURE,
                    Status.INTERNAL.withDescription("internal error; the collector's log has the details"),
                    begunNanos);
        } finally {
            fetches.release();
        }
    }

    private void fail(ReplyStream replies, FetchObserver.Outcome outcome, Status status, long begunNanos) {
        replies.fail(status);
        observer.fetched(outcome, replies.points(), System.nanoTime() - begunNanos);
    }

    private void answer(FetchRequest request, ReplyStream replies)
            throws TooManySeriesException, SlowPeerException, InterruptedException, SketchFormatException {
        SketchParameters.Kind kind = FetchRequests.kind(request);
        List<LabelMatcher> matchers = FetchRequests.matchers(request, settings.matchersMax());
        Selection selection = store.select(
                request.getTenant(),
                request.getMetric(),
                matchers,
                request.getFromMillis(),
                request.getToMillis(),
                settings.seriesMax(),
                settings.waitMillisMax());
        for (Selection.Series series : selection.series()) {
            replies.send(FetchReply.newBuilder()
                    .setPoint(SketchPoint.newBuilder()
                            .addAllLabels(labels(series.attributes()))
                            .setSketch(WireSketch.encode(SampledSketch.of(series.sketch(kind)))))
                    .build());
        }
        replies.end(FetchReply.newBuilder()
                .setSummary(Summary.newBuilder()
                        .setPoints(selection.series().size())
                        .setCoveredFromMillis(selection.coveredFromMillis())
                        .setCoveredToMillis(selection.coveredToMillis()))
                .build());
    }

    private static List<Label> labels(Labels attributes) {
        return IntStream.range(0, attributes.size())
                .mapToObj(index -> Label.newBuilder()
                        .setName(attributes.name(index))
                        .setValue(attributes.value(index))
                        .build())
                .toList();
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
