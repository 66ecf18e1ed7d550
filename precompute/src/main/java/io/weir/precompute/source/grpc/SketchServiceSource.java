package io.weir.precompute.source.grpc;

import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.TickSource;
import io.weir.precompute.source.net.PinnedAddresses;
import io.weir.precompute.source.pushed.PushedSketches;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Fetches sketches from a {@code weir.sketch.v1.SketchSource} service. A peer that has no such service, or that cannot be reached, may have pushed
 * its sketches: then those answer.
 */
public final class SketchServiceSource implements TickSource {
    private final SketchServiceSettings settings;
    private final SketchChannels channels;
    private final Optional<PushedSketches> pushed;

    /** @param pushed what was pushed to this process, if it receives anything */
    public SketchServiceSource(
            SketchServiceSettings settings, PinnedAddresses addresses, Optional<PushedSketches> pushed) {
        this.settings = settings;
        this.pushed = pushed;
        channels = new SketchChannels(settings, addresses);
    }

    @Override
    public SketchBatch sketches(Job job, JobQuery.OfSketch query, long toMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        if (!(job.spec().source() instanceof SourceAddress.Sketches source)) {
            throw new IllegalArgumentException(
                    "no source of sketches: " + job.spec().source());
        }
        FetchRequest request = FetchRequests.of(job, query, toMillis);
        SketchChannels.Target target = new SketchChannels.Target(source.host(), source.port());
        Set<String> senders = new HashSet<>(List.of(source.text(), source.host(), source.host() + ":" + source.port()));
        try {
            return fetch(target, senders, query, request, deadlineNanos);
        } catch (NoServiceException e) {
            PushedSketches store = pushed.orElseThrow(() -> new SourceException(
                    Cause.UNSUPPORTED,
                    source.text() + " has no service weir.sketch.v1.SketchSource, and this API receives no pushes"
                            + " (--precompute-receiver-enabled)"));
            return store.sketches(question(query, request, senders));
        } catch (SourceException e) {
            if (e.why() == Cause.UNREACHABLE
                    && pushed.isPresent()
                    && pushed.get().knows(request.getTenant(), senders)) {
                return pushed.get().sketches(question(query, request, senders));
            }
            throw e;
        }
    }

    private static PushedSketches.Question question(JobQuery.OfSketch query, FetchRequest request, Set<String> senders)
            throws SourceException {
        return new PushedSketches.Question(
                request.getTenant(),
                request.getMetric(),
                query.function().kinds(),
                FetchRequests.matchers(query.selector()),
                Optional.of(senders),
                request.getFromMillis(),
                request.getToMillis());
    }

    /** The peer answers, but has no such service. */
    private static final class NoServiceException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** @param senders takes the address that was asked, too: who pushes without a name is known by it */
    private SketchBatch fetch(
            SketchChannels.Target target,
            Set<String> senders,
            JobQuery.OfSketch query,
            FetchRequest request,
            long deadlineNanos)
            throws SourceException, NoServiceException, InterruptedException {
        long leftNanos = deadlineNanos - System.nanoTime();
        if (leftNanos <= 0) {
            throw new SourceException(Cause.TIMEOUT, "no time was left to ask " + target.host());
        }
        FetchReplies replies = new FetchReplies(settings, query.function(), request);
        BlockingClientCall<FetchRequest, FetchReply> call = null;
        boolean isComplete = false;
        try {
            SketchChannels.Connection connection = channels.to(target, deadlineNanos);
            senders.add(connection.address().getHostAddress());
            call = ClientCalls.blockingV2ServerStreamingCall(
                    connection.channel(),
                    SketchSourceGrpc.getFetchMethod(),
                    CallOptions.DEFAULT.withDeadlineAfter(leftNanos, TimeUnit.NANOSECONDS),
                    request);
            for (FetchReply reply = call.read(); reply != null; reply = call.read()) {
                replies.accept(reply);
            }
            isComplete = true;
            return replies.batch();
        } catch (StatusException e) {
            throw failed(target, e);
        } finally {
            if (call != null && !isComplete) {
                call.cancel("the answer is not wanted any more", null);
            }
        }
    }

    private SourceException failed(SketchChannels.Target target, StatusException e) throws NoServiceException {
        Status status = e.getStatus();
        String peer = target.host() + ":" + target.port();
        if (isOurLimit(status)) {
            return new SourceException(
                    Cause.LIMIT,
                    peer + " sent a message of more than precompute-sources-service-message-bytes-max="
                            + settings.messageBytesMax() + " bytes; raise the setting, or make its sketches smaller",
                    e);
        }
        String said = status.getDescription() == null ? "" : ": " + status.getDescription();
        return switch (status.getCode()) {
            case UNIMPLEMENTED -> throw new NoServiceException();
            case UNAVAILABLE -> {
                channels.drop(target);
                yield new SourceException(Cause.UNREACHABLE, peer + " cannot be reached" + said, e);
            }
            case DEADLINE_EXCEEDED -> new SourceException(Cause.TIMEOUT, peer + " did not answer in time", e);
            case RESOURCE_EXHAUSTED -> new SourceException(Cause.LIMIT, peer + " says a limit is reached" + said, e);
            case INVALID_ARGUMENT, OUT_OF_RANGE, FAILED_PRECONDITION ->
                new SourceException(Cause.BAD_DATA, peer + " refuses the request" + said, e);
            case PERMISSION_DENIED, UNAUTHENTICATED ->
                new SourceException(Cause.REFUSED, peer + " refuses us" + said, e);
            case OK, CANCELLED, UNKNOWN, NOT_FOUND, ALREADY_EXISTS, ABORTED, INTERNAL, DATA_LOSS ->
                new SourceException(Cause.BAD_DATA, peer + " failed with " + status.getCode() + said, e);
        };
    }

    /** Whether it was our client that refused a message: gRPC has a text for that only, and tells of a compressed one while it reads it. */
    private boolean isOurLimit(Status status) {
        String text = "exceeds maximum size " + settings.messageBytesMax();
        Status told = status.getCause() instanceof StatusRuntimeException reading ? reading.getStatus() : status;
        return told.getCode() == Status.Code.RESOURCE_EXHAUSTED && (told.getDescription() + ":").contains(text + ":");
    }

    @Override
    public ResultVector evaluate(Job job, JobQuery.OfExpression query, long timeMillis, long deadlineNanos)
            throws SourceException {
        throw new SourceException(
                Cause.UNSUPPORTED,
                "a source of sketches evaluates no expressions; ask it for quantile_over_time,"
                        + " count_distinct_over_time or top_k_over_time, or take http:// or lake:// as the source");
    }

    /** Connections that are open. */
    int channels() {
        return channels.size();
    }

    @Override
    public void forget(String jobId) {
        // Nothing is kept for a job.
    }

    @Override
    public void close() {
        channels.close();
    }
}
