package io.weir.eventstats.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.eventstats.feed.FeedMetrics.What;
import io.weir.eventstats.feed.FeedRows.Predicted;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signal.SnapshotStore.Acceptance;
import io.weir.eventstats.signal.SnapshotUpdate;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.signature.SignatureMatch;
import io.weir.eventstats.telemetry.TtfsEvent;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Ended;
import io.weir.queryapi.spi.WorkerCount;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what came of queries: signals, events, history, a batch at a time. While the database fails a batch is tried again, until it is
 * written or the process stops; a row that the database refuses is thrown away and counted. One thread.
 */
final class FeedWriter {
    private static final Logger LOG = LoggerFactory.getLogger(FeedWriter.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HistorySettings settings;
    private final FeedStores stores;
    private final FeedMetrics metrics;
    private final FeedRows rows;
    private final OpenJobs open;
    private final KnownQueries known;
    private final LongPredicate pause;
    private boolean failing;

    /** @param pause waits so many ms; false if the process stops and there is no time left */
    FeedWriter(HistorySettings settings, FeedStores stores, FeedMetrics metrics, LongPredicate pause) {
        this.settings = settings;
        this.stores = stores;
        this.metrics = metrics;
        this.rows = new FeedRows(new NextActions(settings.docsUrl()), settings.textCharactersMax());
        this.open = new OpenJobs(settings.jobsMax());
        this.known = new KnownQueries(
                settings.knownQueriesMax(),
                settings.earlierRunsMax(),
                TimeUnit.MILLISECONDS.toNanos(settings.knownMillis()));
        this.pause = pause;
    }

    /** What is known of a query when it is written. */
    private record Context(CanonicalQuery canonical, EarlierRuns.Key key) {}

    /** Writes a batch; returns when all of it is written or thrown away. */
    void write(List<Unwritten> batch, WorkerCount workers) {
        long start = System.nanoTime();
        List<OpenJobs.Update> changed = open.changed(workers);
        if (batch.isEmpty() && changed.isEmpty()) {
            return;
        }
        Map<AskedQuery, Context> contexts = new HashMap<>();
        batch.forEach(entry -> contexts.computeIfAbsent(entry.query(), this::context));
        changed.forEach(update -> contexts.computeIfAbsent(update.query(), this::context));
        QueryFeed.Signals signals = stores.signals();
        List<EarlierRuns.Key> keys =
                contexts.values().stream().map(Context::key).distinct().toList();
        if (signals != null && stores.history() != null) {
            known.read(keys, start, this::readEarlier);
        }
        List<SnapshotUpdate> snapshots = new ArrayList<>();
        List<TtfsEvent> events = new ArrayList<>();
        List<HistoryRow> history = new ArrayList<>();
        Map<Failure, Optional<Predicted>> predictions = new HashMap<>();
        if (signals != null) {
            // What is in the batch, too, is written after it.
            changed.forEach(
                    update -> snapshots.add(rows.snapshot(update, runs(contexts, update.query()), workers, null)));
        }
        for (Unwritten entry : batch) {
            Context context = Objects.requireNonNull(contexts.get(entry.query()));
            OpenJobs.Update update = open.update(entry, workers);
            if (signals != null) {
                Predicted predicted = predicted(signals, entry.latest(), context, predictions);
                snapshots.add(rows.snapshot(update, known.runs(context.key()), workers, predicted));
                events.addAll(rows.events(entry, update, predicted != null));
            }
            if (entry.latest() instanceof Ended ended) {
                HistoryRow row = rows.history(ended, context.canonical());
                history.add(row);
                known.ended(context.key(), outcome(row), start);
            }
        }
        if (signals != null) {
            store(What.SNAPSHOT, snapshots, part -> refused(signals.snapshots().upsert(part)));
            store(What.EVENT, events, signals.events()::record);
        }
        HistoryStore historyStore = stores.history();
        if (historyStore != null) {
            store(What.HISTORY, history, historyStore::insert);
        }
        if (signals != null) {
            learn(signals, batch, predictions);
        }
        metrics.write.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
    }

    private EarlierRuns runs(Map<AskedQuery, Context> contexts, AskedQuery query) {
        return known.runs(Objects.requireNonNull(contexts.get(query)).key());
    }

    private Context context(AskedQuery query) {
        CanonicalQuery canonical = known.canonical(query.kind(), query.text());
        return new Context(canonical, new EarlierRuns.Key(query.tenant(), canonical.hash(), query.kind()));
    }

    private static EarlierRuns.Outcome outcome(HistoryRow row) {
        return new EarlierRuns.Outcome(
                row.queryId().toString(),
                row.status(),
                row.endedAt(),
                row.durationMillis(),
                row.errorCode(),
                row.precomputed());
    }

    private Map<EarlierRuns.Key, EarlierRuns> readEarlier(List<EarlierRuns.Key> keys) {
        HistoryStore history = Objects.requireNonNull(stores.history());
        return attempt(() -> history.earlier(keys, settings.earlierRunsMax())).orElse(Map.of());
    }

    /** By what a signature is found. */
    private record Failure(String tenant, SignalPhase phase, String errorCode, String image) {}

    private @Nullable Predicted predicted(
            QueryFeed.Signals signals,
            QueryEvent latest,
            Context context,
            Map<Failure, Optional<Predicted>> predictions) {
        if (!(latest instanceof Ended ended) || !isFailed(ended)) {
            return null;
        }
        String tenant = ended.query().tenant();
        Failure failure = new Failure(
                tenant,
                FeedRows.endPhase(ended),
                Objects.requireNonNull(FeedRows.errorCode(ended.cause())),
                FeedRows.image(context.canonical(), tenant));
        return predictions
                .computeIfAbsent(
                        failure, asked -> attempt(() -> match(signals, asked)).flatMap(found -> found))
                .orElse(null);
    }

    private static boolean isFailed(Ended ended) {
        return switch (ended.cause()) {
            case DONE, CANCELED, CLIENT_GONE -> false;
            case BAD_DATA,
                    EXECUTION,
                    UNSUPPORTED,
                    LIMIT,
                    TIMEOUT,
                    TOO_MANY_QUERIES,
                    NO_WORKERS,
                    WORKERS_LOST,
                    CATALOG_UNAVAILABLE,
                    STORAGE,
                    UNAVAILABLE,
                    INTERNAL -> true;
        };
    }

    private static Optional<Predicted> match(QueryFeed.Signals signals, Failure failure) {
        Optional<SignatureMatch> match = signals.signatures()
                .match(TenantIds.of(failure.tenant()), failure.phase().text(), failure.errorCode(), failure.image());
        if (match.isEmpty()) {
            return Optional.empty();
        }
        SignatureMatch found = match.get();
        try {
            return Optional.of(new Predicted(
                    found.signatureId(),
                    JSON.readTree(found.outcome()),
                    found.confidence().doubleValue()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the database's JSON cannot be read", e);
        }
    }

    /**
     * Failures that come together and look the same are one failure to learn from, so that a storm of them costs one transaction. What is wrong with
     * a request itself tells nothing about the next one.
     */
    private void learn(
            QueryFeed.Signals signals, List<Unwritten> batch, Map<Failure, Optional<Predicted>> predictions) {
        Map<List<Object>, SignatureLearning.Failure> seen = new LinkedHashMap<>();
        for (Unwritten entry : batch) {
            if (entry.latest() instanceof Ended ended && isFailed(ended) && ended.cause() != Cause.BAD_DATA) {
                SignatureLearning.Failure failure = rows.learned(ended);
                seen.putIfAbsent(List.of(failure.tenantId(), failure.phase(), failure.errorCode()), failure);
            }
        }
        Set<UUID> strengthened = new HashSet<>();
        for (SignatureLearning.Failure failure : seen.values()) {
            attempt(() -> signals.learning().observe(failure))
                    .flatMap(signature -> signature)
                    .ifPresent(strengthened::add);
        }
        predictions.forEach((failure, predicted) -> predicted
                .map(Predicted::signatureId)
                .filter(strengthened::add)
                .ifPresent(id -> attempt(() -> signals.signatures().confirm(TenantIds.of(failure.tenant()), id))));
    }

    private void refused(List<Acceptance> answers) {
        metrics.refused.increment(
                answers.stream().filter(answer -> answer == Acceptance.REFUSED).count());
    }

    /** Stores rows; if the database refuses them, each of them alone, so that one bad row costs no other. */
    private <T> void store(What what, List<T> rowsOfIt, Consumer<List<T>> store) {
        if (rowsOfIt.isEmpty()) {
            return;
        }
        try {
            boolean done = attempt(() -> {
                        store.accept(rowsOfIt);
                        return what;
                    })
                    .isPresent();
            if (done) {
                metrics.written(what, rowsOfIt.size());
            } else {
                metrics.dropped(what, rowsOfIt.size());
            }
        } catch (RuntimeException e) {
            if (rowsOfIt.size() > 1) {
                rowsOfIt.forEach(row -> store(what, List.of(row), store));
                return;
            }
            metrics.dropped(what, 1);
            LOG.error("a {} of a query cannot be written and is dropped", what, e);
        }
    }

    /** Does something until the database does not fail; empty if the process stops before. */
    private <T> Optional<T> attempt(Supplier<T> action) {
        long waitMillis = settings.retryMillisMin();
        while (true) {
            try {
                T result = action.get();
                if (failing) {
                    failing = false;
                    LOG.info("what comes of queries is written again");
                }
                return Optional.of(result);
            } catch (DatabaseUnavailableException e) {
                metrics.failures.increment();
                if (!failing) {
                    failing = true;
                    LOG.warn("what comes of queries cannot be written, and is tried again; queries go on", e);
                }
                if (!pause.test(waitMillis)) {
                    return Optional.empty();
                }
                waitMillis = Math.min(settings.retryMillisMax(), 2 * waitMillis);
            }
        }
    }
}
