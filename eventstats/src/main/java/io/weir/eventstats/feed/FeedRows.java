package io.weir.eventstats.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signal.SnapshotUpdate;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.telemetry.TtfsEvent;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Ended;
import io.weir.queryapi.spi.QueryEvent.Progress;
import io.weir.queryapi.spi.QueryOrigin;
import io.weir.queryapi.spi.WorkerCount;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes rows of what came of queries: pure functions of the events and of what is known about earlier runs. */
final class FeedRows {
    private static final int MESSAGE_CHARACTERS_MAX = 1_000;
    private static final int SHOWN_CHARACTERS_MAX = 1_000;
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final NextActions nextActions;
    private final int textCharactersMax;

    FeedRows(NextActions nextActions, int textCharactersMax) {
        this.nextActions = nextActions;
        this.textCharactersMax = textCharactersMax;
    }

    /**
     * What a known signature tells about a failure.
     *
     * @param outcome {@code likely_cause, mttr_p50_seconds, suggested_action, remediation_url}
     */
    record Predicted(UUID signatureId, JsonNode outcome, double confidence) {}

    /** The name of a cause as an error's code; null for a query that did not fail. */
    static @Nullable String errorCode(Cause cause) {
        return cause == Cause.DONE ? null : cause.name().toLowerCase(Locale.ROOT);
    }

    /** The row of a query that ended. */
    HistoryRow history(Ended ended, CanonicalQuery canonical) {
        AskedQuery query = ended.query();
        QueryOrigin origin = query.origin();
        AskedQuery.Range range = query.range();
        boolean success = ended.cause() == Cause.DONE;
        Signal signal = Signal.of(ended, ended.firstResultNanos() >= 0, new WorkerCount(0, 0));
        return new HistoryRow(
                UUID.fromString(query.queryId()),
                uuid(origin.runId()),
                query.tenant(),
                origin.user() == null ? null : storable(origin.user(), SHOWN_CHARACTERS_MAX),
                origin.surface(),
                query.kind(),
                canonical.hash(),
                storable(query.text(), textCharactersMax),
                range == null ? null : Instant.ofEpochMilli(range.startMillis()),
                range == null ? null : Instant.ofEpochMilli(range.endMillis()),
                range == null || range.stepMillis() == 0 ? null : range.stepMillis(),
                Instant.ofEpochMilli(query.startMillis()),
                time(query, ended.elapsedNanos()),
                millis(ended.elapsedNanos()),
                ended.firstResultNanos() < 0 ? null : millis(ended.firstResultNanos()),
                signal.kind().text(),
                success ? null : ended.outcome(),
                errorCode(ended.cause()),
                ended.reason() == null ? null : storable(ended.reason(), MESSAGE_CHARACTERS_MAX),
                signal.phase().text(),
                ended.progress().unitsTotal(),
                ended.progress().samplesRead(),
                ended.progress().workers(),
                ended.progress().precomputed());
    }

    /**
     * The events of time to first signal in what is unwritten. There is none of a query's start: the summaries count all types alike, and a start
     * after 0 ms would halve every average. For the same reason an answer from precomputed results is one event, rendered with a hit of the cache.
     */
    List<TtfsEvent> events(Unwritten entry, OpenJobs.Update update, boolean predicted) {
        List<TtfsEvent> events = new ArrayList<>();
        QueryEvent.FirstResult first = entry.firstResult();
        if (first != null) {
            if (update.wasBlocked()) {
                events.add(event(entry.query(), TtfsEvent.Type.COLD_START, first.elapsedNanos(), update, null, null));
            }
            events.add(event(
                    entry.query(),
                    TtfsEvent.Type.RENDERED,
                    first.elapsedNanos(),
                    update,
                    first.progress().precomputed() ? TtfsEvent.Source.SNAPSHOT : TtfsEvent.Source.COLD_START,
                    null));
        }
        if (entry.hasErrorEvent() && entry.latest() instanceof Ended ended) {
            events.add(event(
                    entry.query(),
                    ended.cause() == Cause.TIMEOUT ? TtfsEvent.Type.TIMEOUT : TtfsEvent.Type.ERROR,
                    ended.elapsedNanos(),
                    update,
                    predicted ? TtfsEvent.Source.FAILURE_INDEX : TtfsEvent.Source.COLD_START,
                    ended));
        }
        return events;
    }

    private TtfsEvent event(
            AskedQuery query,
            TtfsEvent.Type type,
            long elapsedNanos,
            OpenJobs.Update update,
            TtfsEvent.@Nullable Source source,
            @Nullable Ended failure) {
        QueryOrigin origin = query.origin();
        ObjectNode metadata = JSON.objectNode().put("kind", query.kind());
        if (origin.dashboardId() != null) {
            metadata.put("dashboard_uid", storable(origin.dashboardId(), SHOWN_CHARACTERS_MAX));
        }
        return new TtfsEvent(
                time(query, elapsedNanos),
                TenantIds.of(query.tenant()),
                UUID.fromString(query.queryId()),
                uuid(origin.runId()),
                TtfsEvent.Surface.valueOf(origin.surface().toUpperCase(Locale.ROOT)),
                type,
                (int) Math.min(Integer.MAX_VALUE, millis(elapsedNanos)),
                source == TtfsEvent.Source.SNAPSHOT,
                source,
                update.signal().kind(),
                update.signal().phase(),
                new TtfsEvent.Client(
                        null, origin.device().isEmpty() ? null : storable(origin.device(), SHOWN_CHARACTERS_MAX), null),
                new TtfsEvent.Trace(origin.correlationId(), origin.traceId(), origin.spanId()),
                failure == null ? null : errorCode(failure.cause()),
                failure == null || failure.reason() == null ? null : storable(failure.reason(), MESSAGE_CHARACTERS_MAX),
                metadata.toString());
    }

    /** The job's signal. */
    SnapshotUpdate snapshot(
            OpenJobs.Update update, EarlierRuns earlier, WorkerCount workers, @Nullable Predicted predicted) {
        QueryEvent latest = update.latest();
        AskedQuery query = update.query();
        Signal signal = update.signal();
        return new SnapshotUpdate(
                UUID.fromString(query.queryId()),
                TenantIds.of(query.tenant()),
                uuid(query.origin().runId()),
                update.seq(),
                signal.kind(),
                signal.phase(),
                storable(signal.summary(), MESSAGE_CHARACTERS_MAX),
                latest instanceof Ended ? null : earlier.etaSeconds(millis(latest.elapsedNanos())),
                lastOutcome(earlier, predicted),
                latest instanceof Ended ended ? actions(ended, predicted) : null,
                diagnostics(latest, workers, predicted),
                payload(query));
    }

    /** A failure as signatures learn from it. */
    SignatureLearning.Failure learned(Ended ended) {
        List<NextActions.Action> actions =
                nextActions.of(ended.cause(), Objects.requireNonNullElse(ended.reason(), ""));
        return new SignatureLearning.Failure(
                TenantIds.of(ended.query().tenant()),
                endPhase(ended),
                Objects.requireNonNull(errorCode(ended.cause())),
                storable(Objects.requireNonNullElse(ended.reason(), ended.outcome()), MESSAGE_CHARACTERS_MAX),
                actions.isEmpty() ? null : actions.getFirst().label(),
                time(ended.query(), ended.elapsedNanos()));
    }

    private static @Nullable JsonNode lastOutcome(EarlierRuns earlier, @Nullable Predicted predicted) {
        EarlierRuns.Outcome last = earlier.last();
        if (last == null && predicted == null) {
            return null;
        }
        ObjectNode json = JSON.objectNode();
        if (last != null) {
            json.put("status", last.status())
                    .put("finished_at", last.finishedAt().toString())
                    .put("duration_ms", last.durationMillis())
                    .put("query_id", last.queryId());
            if (last.errorCode() != null) {
                json.put("error_code", last.errorCode());
            }
        }
        if (predicted != null) {
            json.put("signature_id", predicted.signatureId().toString()).put("confidence", predicted.confidence());
            predicted.outcome().properties().forEach(field -> json.set(field.getKey(), field.getValue()));
        }
        return json;
    }

    /** First what is known about this very failure, then what helps against failures of its kind. */
    private @Nullable JsonNode actions(Ended ended, @Nullable Predicted predicted) {
        ArrayNode actions = JSON.arrayNode();
        if (predicted != null) {
            String label = predicted.outcome().path("suggested_action").asText("");
            if (!label.isEmpty()) {
                actions.addObject()
                        .put("label", label)
                        .put("href", predicted.outcome().path("remediation_url").asText(""));
            }
        }
        for (NextActions.Action action :
                nextActions.of(ended.cause(), Objects.requireNonNullElse(ended.reason(), ""))) {
            actions.addObject().put("label", action.label()).put("href", action.href());
        }
        return actions.isEmpty() ? null : actions;
    }

    private static JsonNode diagnostics(QueryEvent latest, WorkerCount workers, @Nullable Predicted predicted) {
        ObjectNode json = JSON.objectNode()
                .put("query_id", latest.query().queryId())
                .put("elapsed_ms", millis(latest.elapsedNanos()))
                .put("workers_connected", workers.connected())
                .put("workers_accepting", workers.accepting());
        switch (latest) {
            case QueryEvent.Queued _ -> {}
            case QueryEvent.Waiting waiting -> json.put("queue_position", waiting.position());
            case QueryEvent.Advanced advanced -> progress(json, advanced.progress());
            case QueryEvent.FirstResult first -> progress(json, first.progress());
            case Ended ended -> {
                progress(json, ended.progress());
                if (ended.cause() != Cause.DONE) {
                    json.put("error_type", ended.outcome()).put("error_code", errorCode(ended.cause()));
                }
                if (ended.firstResultNanos() >= 0) {
                    json.put("ttfs_ms", millis(ended.firstResultNanos()));
                }
            }
        }
        if (predicted != null) {
            json.put("signal_source", TtfsEvent.Source.FAILURE_INDEX.text());
        }
        return json;
    }

    private static void progress(ObjectNode json, Progress progress) {
        json.put("workers", progress.workers())
                .put("units_done", progress.unitsDone())
                .put("units_total", progress.unitsTotal())
                .put("samples_read", progress.samplesRead());
    }

    private static JsonNode payload(AskedQuery query) {
        return JSON.objectNode()
                .put("kind", query.kind())
                .put("query", storable(query.text(), SHOWN_CHARACTERS_MAX))
                .put("surface", query.origin().surface());
    }

    /** What signatures know as the image: the metric that was asked for, and by whom. */
    static String image(CanonicalQuery canonical, String tenant) {
        return storable(canonical.metric(), SHOWN_CHARACTERS_MAX) + "/" + tenant;
    }

    /** The phase in which a query ended, by which signatures are found. */
    static SignalPhase endPhase(Ended ended) {
        return Signal.of(ended, false, new WorkerCount(0, 0)).phase();
    }

    private static @Nullable UUID uuid(@Nullable String text) {
        return text == null ? null : UUID.fromString(text);
    }

    private static Instant time(AskedQuery query, long elapsedNanos) {
        return Instant.ofEpochMilli(query.startMillis() + millis(elapsedNanos));
    }

    static long millis(long nanos) {
        return nanos / 1_000_000;
    }

    private static String storable(String text, int charactersMax) {
        return Texts.storable(text, charactersMax);
    }
}
