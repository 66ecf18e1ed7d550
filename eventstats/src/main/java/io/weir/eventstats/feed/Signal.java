package io.weir.eventstats.feed;

import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Ended;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.QueryEvent.Progress;
import io.weir.queryapi.spi.WorkerCount;
import java.util.Locale;
import java.util.Objects;

/** What a query's state is as a job's signal: a pure function of its latest event and the workers that there are. */
record Signal(SignalKind kind, SignalPhase phase, String summary) {
    /**
     * The signal of a query.
     *
     * @param latest its latest event
     * @param resultSent whether the first part of its result went to its client
     */
    static Signal of(QueryEvent latest, boolean resultSent, WorkerCount workers) {
        return switch (latest) {
            case QueryEvent.Queued _ -> new Signal(SignalKind.QUEUED, SignalPhase.RESOLVE, "Queued");
            case QueryEvent.Waiting waiting ->
                new Signal(
                        SignalKind.QUEUED,
                        SignalPhase.RESOLVE,
                        "Waiting for a free slot, number " + waiting.position() + " in line");
            case QueryEvent.Advanced advanced -> advanced(advanced, resultSent, workers);
            case QueryEvent.FirstResult first -> report(first.progress());
            case Ended ended -> ended(ended);
        };
    }

    private static Signal advanced(QueryEvent.Advanced event, boolean resultSent, WorkerCount workers) {
        Progress progress = event.progress();
        return switch (event.phase()) {
            case QUEUED -> new Signal(SignalKind.QUEUED, SignalPhase.RESOLVE, "Queued");
            case PLANNING -> new Signal(SignalKind.STARTED, SignalPhase.RESOLVE, "Planning: which data it needs");
            case WORKING -> {
                if (workers.accepting() == 0 && !isWorkDone(progress)) {
                    yield new Signal(SignalKind.BLOCKED, SignalPhase.FETCH, blocked(workers));
                }
                yield resultSent
                        ? report(progress)
                        : new Signal(SignalKind.PHASE, SignalPhase.FETCH, "Reading data" + work(progress));
            }
            case EVALUATING ->
                resultSent
                        ? report(progress)
                        : new Signal(SignalKind.PHASE, SignalPhase.ANALYZE, "Evaluating" + work(progress));
            case SENDING -> report(progress);
        };
    }

    private static boolean isWorkDone(Progress progress) {
        return progress.unitsTotal() > 0 && progress.unitsDone() == progress.unitsTotal();
    }

    private static String blocked(WorkerCount workers) {
        return workers.connected() == 0
                ? "Waiting for query workers: none is connected"
                : "Waiting for query workers: none of the " + workers.connected() + " accepts work";
    }

    private static Signal report(Progress progress) {
        return new Signal(SignalKind.PHASE, SignalPhase.REPORT, "Sending the result" + work(progress));
    }

    private static String work(Progress progress) {
        return progress.unitsTotal() == 0
                ? ""
                : ": " + progress.unitsDone() + " of " + progress.unitsTotal() + " pieces of work done";
    }

    private static Signal ended(Ended ended) {
        String time = seconds(ended.elapsedNanos());
        String reason = Objects.requireNonNullElse(ended.reason(), "");
        return switch (ended.cause()) {
            case DONE -> new Signal(SignalKind.SUCCEEDED, SignalPhase.REPORT, "Succeeded after " + time);
            case CANCELED, CLIENT_GONE ->
                new Signal(SignalKind.CANCELED, phase(ended.phase()), "Canceled after " + time + ": " + reason);
            case NO_WORKERS -> new Signal(SignalKind.UNAVAILABLE, SignalPhase.FETCH, "Unavailable: " + reason);
            case LIMIT, TOO_MANY_QUERIES ->
                new Signal(SignalKind.FAILED, SignalPhase.POLICY, "Refused by a limit: " + reason);
            case BAD_DATA,
                    EXECUTION,
                    UNSUPPORTED,
                    TIMEOUT,
                    WORKERS_LOST,
                    CATALOG_UNAVAILABLE,
                    STORAGE,
                    UNAVAILABLE,
                    INTERNAL ->
                new Signal(SignalKind.FAILED, phase(ended.phase()), "Failed after " + time + ": " + reason);
        };
    }

    private static SignalPhase phase(Phase phase) {
        return switch (phase) {
            case QUEUED, PLANNING -> SignalPhase.RESOLVE;
            case WORKING -> SignalPhase.FETCH;
            case EVALUATING -> SignalPhase.ANALYZE;
            case SENDING -> SignalPhase.REPORT;
        };
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.3f s", nanos / 1e9);
    }
}
