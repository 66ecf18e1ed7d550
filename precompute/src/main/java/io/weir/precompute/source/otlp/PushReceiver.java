package io.weir.precompute.source.otlp;

import com.google.protobuf.InvalidProtocolBufferException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.source.otlp.PushRefusals.Refusal;
import io.weir.precompute.source.pushed.Push;
import io.weir.precompute.source.pushed.PushedSketches;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.ExportResponse;
import io.weir.proto.push.v1.PartialSuccess;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.delta.DeltaDisposition;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Takes requests of pushed sketches, by whatever protocol they came, a bounded number at a time. Thread-safe. */
final class PushReceiver {
    static final String TENANT_HEADER = "X-Scope-OrgID";
    static final String SENDER_HEADER = "X-Weir-Source";

    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9_.-]{1,128}");
    private static final String TENANT_DEFAULT = "default";
    private static final int SENDER_CHARACTERS_MAX = 256;

    private final ReceiverSettings settings;
    private final PushedSketches store;
    private final PushTranslator translator = new PushTranslator(DecodeLimits.DEFAULT);
    private final Semaphore requests;
    private final Counter taken;
    private final Counter duplicates;
    private final Counter failures;
    private final Map<Refusal, Counter> refused = new EnumMap<>(Refusal.class);

    PushReceiver(ReceiverSettings settings, PushedSketches store, MeterRegistry registry) {
        this.settings = settings;
        this.store = store;
        requests = new Semaphore(settings.requestsMax(), true);
        taken = points(registry, "taken");
        duplicates = points(registry, "duplicate");
        for (Refusal refusal : Refusal.values()) {
            refused.put(refusal, points(registry, refusal.name().toLowerCase(Locale.ROOT)));
        }
        failures = Counter.builder("weir.precompute.pushed.requests.refused")
                .description("Requests of pushed sketches that were refused as a whole")
                .register(registry);
        Gauge.builder("weir.precompute.pushed.retained", store, PushedSketches::retainedBytes)
                .description("Heap of the pushed sketches that are kept, estimated")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("weir.precompute.pushed.streams", store, PushedSketches::streams)
                .description("Pushed metrics times label sets times senders that are kept")
                .register(registry);
    }

    private static Counter points(MeterRegistry registry, String outcome) {
        return Counter.builder("weir.precompute.pushed.points")
                .description("Data points that were pushed, by what became of them")
                .tag("outcome", outcome)
                .register(registry);
    }

    /** Why a request was refused as a whole. */
    enum Failure {
        /** The bytes, or a header. */
        BAD_REQUEST,
        /** It can be read, and nothing of it keeps the contract. */
        CONTRACT,
        /** Too many at a time. */
        OVERLOADED
    }

    /** A request that was refused as a whole. */
    static final class RequestException extends Exception {
        private static final long serialVersionUID = 1L;

        private final Failure failure;

        RequestException(Failure failure, String message) {
            super(message);
            this.failure = failure;
        }

        Failure failure() {
            return failure;
        }

        String text() {
            return String.valueOf(getMessage());
        }
    }

    /**
     * Who sends.
     *
     * @param tenant header, null or empty for the default one
     * @param name header by which the sender names itself, null or empty for none
     * @param address the sender's
     */
    record Sender(@Nullable String tenant, @Nullable String name, String address) {}

    /** A part of the work on a request. @param <X> what else may be wrong with it */
    @FunctionalInterface
    interface Work<T, X extends Exception> {
        T run() throws RequestException, X, InterruptedException;
    }

    /** Does something when its turn has come. Nothing that others may delay is to be waited for in it. */
    <T, X extends Exception> T inTurn(Work<T, X> work) throws RequestException, X, InterruptedException {
        return counted(() -> {
            if (!requests.tryAcquire(settings.requestWaitMillis(), TimeUnit.MILLISECONDS)) {
                throw new RequestException(
                        Failure.OVERLOADED,
                        "precompute-receiver-requests-max=" + settings.requestsMax()
                                + " requests are worked on already; send again later");
            }
            try {
                return work.run();
            } finally {
                requests.release();
            }
        });
    }

    /** Does something out of turn; the request counts as refused if it is. */
    <T, X extends Exception> T counted(Work<T, X> work) throws RequestException, X, InterruptedException {
        try {
            return work.run();
        } catch (RequestException e) {
            failures.increment();
            throw e;
        }
    }

    /** Takes what can be taken of a request; the answer names the rest. Only in turn. */
    ExportResponse receive(Sender sender, byte[] content) throws RequestException {
        String tenant = tenant(sender.tenant);
        String name = name(sender);
        ExportRequest request;
        try {
            request = ExportRequest.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new RequestException(
                    Failure.BAD_REQUEST, "the body is no ExportMetricsServiceRequest: " + e.getMessage());
        }
        PushRefusals refusals = new PushRefusals();
        Set<Long> unknownSeries = new LinkedHashSet<>();
        long[] takenPoints = {0};
        translator.translate(
                request,
                tenant,
                name,
                push -> takenPoints[0] += store(push, refusals),
                store::refuse,
                refusals,
                unknownSeries);
        for (Refusal refusal : Refusal.values()) {
            count(refusal).increment(refusals.count(refusal));
        }
        if (takenPoints[0] == 0 && refusals.isContractOnly()) {
            throw new RequestException(Failure.CONTRACT, "nothing was taken: " + refusals.describe());
        }
        ExportResponse.Builder response = ExportResponse.newBuilder().addAllUnknownSeriesIds(unknownSeries);
        if (refusals.count() > 0) {
            response.setPartialSuccess(PartialSuccess.newBuilder()
                    .setRejectedDataPoints(refusals.count())
                    .setErrorMessage(refusals.describe()));
        }
        return response.build();
    }

    private Counter count(Refusal refusal) {
        Counter counter = refused.get(refusal);
        if (counter == null) {
            throw new IllegalStateException("no counter of " + refusal);
        }
        return counter;
    }

    private int store(Push push, PushRefusals refusals) {
        String what = "the metric " + push.metric() + push.labels() + ": ";
        return switch (store.accept(push)) {
            case DeltaDisposition.AppliedFull full -> {
                taken.increment();
                yield 1;
            }
            case DeltaDisposition.AppliedDelta delta -> {
                taken.increment();
                yield 1;
            }
            case DeltaDisposition.Duplicate duplicate -> {
                duplicates.increment();
                yield 1;
            }
            case DeltaDisposition.Rejected rejected -> {
                refusals.add(Refusal.NOT_STORED, 1, what + rejected.reason());
                yield 0;
            }
            case DeltaDisposition.AwaitingCheckpoint awaiting -> {
                refusals.add(
                        Refusal.AWAITING_CHECKPOINT,
                        1,
                        what + "what came before this change is missing; send the whole sketch");
                yield 0;
            }
        };
    }

    private static String tenant(@Nullable String header) throws RequestException {
        if (header == null || header.isEmpty()) {
            return TENANT_DEFAULT;
        }
        if (!TENANT.matcher(header).matches() || header.equals(".") || header.equals("..")) {
            throw new RequestException(
                    Failure.BAD_REQUEST,
                    "header " + TENANT_HEADER + " must be 1 to 128 characters of A-Z a-z 0-9 _ . - and not . or ..");
        }
        return header;
    }

    private static String name(Sender sender) throws RequestException {
        String name = sender.name;
        if (name == null || name.isEmpty()) {
            return sender.address;
        }
        if (name.length() > SENDER_CHARACTERS_MAX) {
            throw new RequestException(
                    Failure.BAD_REQUEST,
                    "header " + SENDER_HEADER + " has more than " + SENDER_CHARACTERS_MAX + " characters");
        }
        return name;
    }
}
