package io.weir.queryapi.workmanager;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchedFile;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The downloads that are under way or complete and not committed. Owned by the mailbox. */
final class Downloads {
    private record Key(String workId, int attempt) {}

    /** One download. */
    private static final class Download {
        final String queryId;
        final WorkReady ready;
        ArtifactFetcher.@Nullable Fetch fetch;

        @Nullable
        FetchedFile file;

        Download(String queryId, WorkReady ready) {
            this.queryId = queryId;
            this.ready = ready;
        }
    }

    /** A complete download that is taken out to be committed. */
    record Complete(WorkReady ready, FetchedFile file) {}

    private final ArtifactFetcher fetcher;
    private final Mailbox mailbox;
    private final Consumer<CoordinatorEvent> step;
    private final BiConsumer<String, QueryException> failQuery;
    private final Map<Key, Download> downloads = new HashMap<>();

    /** @param failQuery ends a query, by its id: no worker can do anything about the API's own limits */
    Downloads(
            ArtifactFetcher fetcher,
            Mailbox mailbox,
            Consumer<CoordinatorEvent> step,
            BiConsumer<String, QueryException> failQuery) {
        this.failQuery = failQuery;
        this.fetcher = fetcher;
        this.mailbox = mailbox;
        this.step = step;
    }

    /** @param trace the span of the work */
    void start(String queryId, WorkReady ready, Trace trace) {
        Key key = new Key(ready.getWorkId(), ready.getAttempt());
        Download download = new Download(queryId, ready);
        downloads.put(key, download);
        download.fetch = fetcher.fetch(
                new ArtifactFetcher.Request(
                        queryId,
                        key.workId,
                        key.attempt,
                        ready.getArtifactUrl(),
                        new ArtifactMeta(
                                ready.getArtifactSizeBytes(),
                                ready.getArtifactChecksum(),
                                ready.getRowCount(),
                                ready.getMinTs(),
                                ready.getMaxTs(),
                                ready.getParquetSchemaVersion()),
                        trace),
                new ArtifactFetcher.Callback() {
                    @Override
                    public void fetched(FetchedFile file) {
                        if (!mailbox.post(() -> complete(key, download, file))) {
                            file.delete();
                        }
                    }

                    @Override
                    public void failed(ArtifactFetcher.Failure failure, String message) {
                        mailbox.post(() -> fail(queryId, key, download, failure, message));
                    }
                });
    }

    private void complete(Key key, Download download, FetchedFile file) {
        if (downloads.get(key) == download) {
            download.file = file;
            step.accept(new CoordinatorEvent.Fetched(key.workId, key.attempt));
        } else {
            // Aborted while its outcome was under way.
            file.delete();
        }
    }

    private void fail(String queryId, Key key, Download download, ArtifactFetcher.Failure failure, String message) {
        if (!downloads.remove(key, download)) {
            return;
        }
        switch (failure) {
            case UNAVAILABLE, NOT_AS_ANNOUNCED -> failed(key, FailureKind.FETCH_FAILED, message);
            case CHECKSUM_MISMATCH -> failed(key, FailureKind.CHECKSUM_MISMATCH, message);
            case TOO_LARGE -> failQuery.accept(queryId, new QueryException.LimitExceeded(message));
            case SPOOL_FULL -> failQuery.accept(queryId, new QueryException.Unavailable(message));
        }
    }

    private void failed(Key key, FailureKind kind, String message) {
        step.accept(new CoordinatorEvent.FetchFailed(key.workId, key.attempt, kind, message));
    }

    /** Stops a download and deletes what is there. */
    void drop(String workId, int attempt) {
        Key key = new Key(workId, attempt);
        Download download = downloads.remove(key);
        if (download != null) {
            if (download.fetch != null) {
                download.fetch.abort();
            }
            if (download.file != null) {
                download.file.delete();
            }
        }
    }

    /** Takes a complete download out. */
    Complete take(String workId, int attempt) {
        Download download = downloads.remove(new Key(workId, attempt));
        if (download == null || download.file == null) {
            throw new IllegalStateException("work " + workId + " is committed but was not fetched");
        }
        return new Complete(download.ready, download.file);
    }

    int size() {
        return downloads.size();
    }
}
