package io.weir.precompute.source.otlp;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import io.weir.precompute.source.pushed.PushedSketches;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Label;
import io.weir.proto.sketch.v1.Matcher;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import io.weir.proto.sketch.v1.Summary;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Gives what was pushed to this process to whoever asks its receiver's port: a job whose source is the address that collectors push to reads what
 * all of them pushed, on whichever API it runs.
 */
final class PushedFetchService extends SketchSourceGrpc.SketchSourceImplBase {
    private final PushReceiver receiver;
    private final PushedSketches store;
    private final ReceiverSettings settings;
    /** Beside the turns: answers are held while their readers take them. */
    private final Semaphore fetches;

    PushedFetchService(PushReceiver receiver, PushedSketches store, ReceiverSettings settings) {
        this.receiver = receiver;
        this.store = store;
        this.settings = settings;
        fetches = new Semaphore(settings.fetchesMax(), true);
    }

    /** A reader that went away, or is too slow. */
    private static final class ReaderGoneException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Writes as fast as the reader reads, until it took too long for all. */
    private static final class Writer {
        private final ServerCallStreamObserver<FetchReply> out;
        private final Semaphore ready = new Semaphore(0);
        private final long endNanos;

        Writer(ServerCallStreamObserver<FetchReply> out, long endNanos) {
            this.out = out;
            this.endNanos = endNanos;
            out.setOnReadyHandler(ready::release);
            out.setOnCancelHandler(ready::release);
        }

        void write(FetchReply reply) throws ReaderGoneException, InterruptedException {
            if (endNanos - System.nanoTime() <= 0) {
                throw new ReaderGoneException();
            }
            while (!out.isReady()) {
                if (out.isCancelled() || !ready.tryAcquire(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    throw new ReaderGoneException();
                }
            }
            out.onNext(reply);
        }
    }

    @Override
    public void fetch(FetchRequest request, StreamObserver<FetchReply> out) {
        long endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.fetchMillisMax());
        Writer writer = new Writer((ServerCallStreamObserver<FetchReply>) out, endNanos);
        // Handlers are told nothing while this call is in them: the work is done on a thread of its own.
        Thread.ofVirtual().name("weir-precompute-pushed-fetch").start(() -> answer(request, out, writer));
    }

    private void answer(FetchRequest request, StreamObserver<FetchReply> out, Writer writer) {
        try {
            if (!fetches.tryAcquire(settings.requestWaitMillis(), TimeUnit.MILLISECONDS)) {
                out.onError(Status.RESOURCE_EXHAUSTED
                        .withDescription("precompute-receiver-fetches-max=" + settings.fetchesMax()
                                + " fetches are answered already; ask again later")
                        .asRuntimeException());
                return;
            }
            try {
                write(request, writer, out);
            } finally {
                fetches.release();
            }
        } catch (RequestException e) {
            out.onError(Status.RESOURCE_EXHAUSTED.withDescription(e.text()).asRuntimeException());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            out.onError(Status.UNAVAILABLE.asRuntimeException());
        }
    }

    private void write(FetchRequest request, Writer writer, StreamObserver<FetchReply> out)
            throws RequestException, InterruptedException {
        try {
            PushedSketches.Question question = question(request);
            SketchBatch batch = receiver.inTurn(() -> store.sketches(question));
            for (SketchPoint point : batch.points()) {
                writer.write(reply(point));
            }
            long length = request.getToMillis() - request.getFromMillis();
            writer.write(FetchReply.newBuilder()
                    .setSummary(Summary.newBuilder()
                            .setPoints(batch.points().size())
                            .setCoveredFromMillis(request.getFromMillis())
                            .setCoveredToMillis(request.getFromMillis() + (long) (length * batch.coverage())))
                    .build());
            out.onCompleted();
        } catch (IllegalArgumentException e) {
            out.onError(Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
        } catch (SourceException e) {
            out.onError(status(e).withDescription(e.getMessage()).asRuntimeException());
        } catch (SketchFormatException e) {
            out.onError(Status.FAILED_PRECONDITION
                    .withDescription("a sketch cannot be passed on: " + e.getMessage())
                    .asRuntimeException());
        } catch (ReaderGoneException e) {
            out.onError(Status.CANCELLED
                    .withDescription("the reader is gone, or took longer than precompute-receiver-fetch-millis-max="
                            + settings.fetchMillisMax())
                    .asRuntimeException());
        }
    }

    private static Status status(SourceException e) {
        return switch (e.why()) {
            case UNREACHABLE -> Status.FAILED_PRECONDITION;
            case TIMEOUT -> Status.DEADLINE_EXCEEDED;
            case REFUSED -> Status.PERMISSION_DENIED;
            case BAD_DATA, UNSUPPORTED -> Status.FAILED_PRECONDITION;
            case LIMIT -> Status.RESOURCE_EXHAUSTED;
        };
    }

    private static PushedSketches.Question question(FetchRequest request) {
        if (request.getToMillis() <= request.getFromMillis()) {
            throw new IllegalArgumentException("the window ends before it begins");
        }
        List<LabelMatcher> matchers = new ArrayList<>();
        for (Matcher matcher : request.getMatchersList()) {
            matchers.add(LabelMatcher.of(type(matcher.getType()), matcher.getName(), matcher.getValue()));
        }
        return new PushedSketches.Question(
                request.getTenant(),
                request.getMetric(),
                kinds(request),
                matchers,
                Optional.empty(),
                request.getFromMillis(),
                request.getToMillis());
    }

    private static LabelMatcher.Type type(Matcher.Type type) {
        return switch (type) {
            case EQUAL -> LabelMatcher.Type.EQUAL;
            case NOT_EQUAL -> LabelMatcher.Type.NOT_EQUAL;
            case REGEX -> LabelMatcher.Type.REGEX;
            case NOT_REGEX -> LabelMatcher.Type.NOT_REGEX;
            case UNRECOGNIZED -> throw new IllegalArgumentException("a matcher of an unknown type");
        };
    }

    private static Set<SketchKind> kinds(FetchRequest request) {
        return switch (request.getKind()) {
            case DDSKETCH -> Set.of(SketchKind.DDSKETCH);
            case HYPERLOGLOG -> Set.of(SketchKind.HYPERLOGLOG);
            case FREQUENCIES -> Set.of(SketchKind.COUNT_MIN, SketchKind.COUNT_SKETCH);
            case KIND_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("no kind of sketch is named");
        };
    }

    private static FetchReply reply(SketchPoint point) throws SketchFormatException {
        io.weir.proto.sketch.v1.SketchPoint.Builder message =
                io.weir.proto.sketch.v1.SketchPoint.newBuilder().setSketch(WireSketch.encode(point.sketch()));
        Labels labels = point.labels();
        for (int i = 0; i < labels.size(); i++) {
            message.addLabels(Label.newBuilder().setName(labels.name(i)).setValue(labels.value(i)));
        }
        return FetchReply.newBuilder().setPoint(message).build();
    }
}
