package io.weir.queryapi.workmanager;

import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.log.LogContext;
import io.weir.proto.stream.Mailbox;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The downloads that are under way or complete and not committed. Owned by the mailbox. */
final class Downloads {
    private static final Logger LOG = LoggerFactory.getLogger(Downloads.class);

    private record Key(String workId, int attempt) {}

    /** One download. */
    private static final class Download {
        final String queryId;
        final WorkReady ready;
        ArtifactFetcher.@Nullable Fetch fetch;

        @Nullable
        Path file;

        Download(String queryId, WorkReady ready) {
            this.queryId = queryId;
            this.ready = ready;
        }
    }

    /** A complete download that is taken out to be committed. */
    record Complete(WorkReady ready, Path file) {}

    private final ArtifactFetcher fetcher;
    private final Mailbox mailbox;
    private final Consumer<CoordinatorEvent> step;
    private final Map<Key, Download> downloads = new HashMap<>();

    Downloads(ArtifactFetcher fetcher, Mailbox mailbox, Consumer<CoordinatorEvent> step) {
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
                        ready.getArtifactSizeBytes(),
                        ready.getArtifactChecksum(),
                        trace),
                new ArtifactFetcher.Callback() {
                    @Override
                    public void fetched(Path file) {
                        if (!mailbox.post(() -> complete(key, download, file))) {
                            delete(key, download, file);
                        }
                    }

                    @Override
                    public void failed(ArtifactFetcher.Failure failure, String message) {
                        mailbox.post(() -> fail(key, download, failure, message));
                    }
                });
    }

    private void complete(Key key, Download download, Path file) {
        if (downloads.get(key) == download) {
            download.file = file;
            step.accept(new CoordinatorEvent.Fetched(key.workId, key.attempt));
        } else {
            // Aborted while its outcome was under way.
            delete(key, download, file);
        }
    }

    private void fail(Key key, Download download, ArtifactFetcher.Failure failure, String message) {
        if (downloads.remove(key, download)) {
            FailureKind kind = failure == ArtifactFetcher.Failure.CHECKSUM_MISMATCH
                    ? FailureKind.CHECKSUM_MISMATCH
                    : FailureKind.FETCH_FAILED;
            step.accept(new CoordinatorEvent.FetchFailed(key.workId, key.attempt, kind, message));
        }
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
                delete(key, download, download.file);
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

    private static void delete(Key key, Download download, Path file) {
        try (LogContext context = LogContext.ofWork(download.queryId, key.workId, Trace.OFF)) {
            delete(file);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            LOG.warn("the fetched artifact {} could not be deleted; the next start sweeps it", file, failure);
        }
    }
}
