package io.weir.eventstats.auth;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The access list of a file, taken over anew whenever the file's content changes. A file that is missing or not valid fails the start; later the list
 * stays as it is until the file is valid again.
 */
final class AccessFile implements AccessList, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AccessFile.class);

    private final AccessSettings settings;
    private final Path file;
    private final Map<String, Set<String>> fieldsByTopic;
    private final AuthMetrics metrics;
    private final ScheduledExecutorService polls;

    private volatile AccessRules rules = AccessRules.NOBODY;
    private volatile boolean isFailing;
    /** Only for the thread of the polls, as is the failure. */
    private byte[] content = {};

    private String failure = "";

    private AccessFile(AccessSettings settings, Map<String, Set<String>> fieldsByTopic, AuthMetrics metrics) {
        this.settings = settings;
        this.file = Path.of(settings.file());
        this.fieldsByTopic = fieldsByTopic;
        this.metrics = metrics;
        this.polls = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("auth-access").daemon().factory());
        metrics.observeAccess(() -> isFailing ? 1 : 0);
    }

    /**
     * Reads the file and goes on watching it until it is closed.
     *
     * @throws IllegalArgumentException if it is missing or not valid; the message names file, topic, user and field
     */
    static AccessFile start(AccessSettings settings, Map<String, Set<String>> fieldsByTopic, AuthMetrics metrics) {
        AccessFile access = new AccessFile(settings, fieldsByTopic, metrics);
        try {
            access.load(access.read());
        } catch (IOException e) {
            access.close();
            throw new IllegalArgumentException("access list " + settings.file() + ": " + reason(e), e);
        }
        access.polls.scheduleWithFixedDelay(
                access::poll, settings.pollIntervalMillis(), settings.pollIntervalMillis(), TimeUnit.MILLISECONDS);
        return access;
    }

    @Override
    public TopicAccess access(Caller caller, String topic) {
        return rules.access(caller, topic);
    }

    /** Compares the content itself: times of files do not tell of two changes within one tick, nor of a link that points elsewhere. */
    private void poll() {
        try {
            byte[] now = read();
            if (!Arrays.equals(now, content)) {
                load(now);
            }
            settled();
        } catch (IOException | RuntimeException e) {
            fail(e);
        }
    }

    private byte[] read() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(settings.fileBytesMax() + 1);
            if (bytes.length > settings.fileBytesMax()) {
                throw new IOException(
                        "it is longer than " + settings.fileBytesMax() + " bytes (auth-access-file-bytes-max)");
            }
            return bytes;
        }
    }

    private void load(byte[] bytes) throws IOException {
        AccessRules read = AccessRules.parse(bytes, fieldsByTopic, settings.patternCharactersMax());
        rules = read;
        content = bytes;
        metrics.accessLoaded.increment();
        LOG.info("auth: access list {} is in effect: {} topics", file, read.topics());
        read.remarks().forEach(remark -> LOG.warn("auth: access list {}: {}", file, remark));
    }

    private void settled() {
        if (isFailing) {
            LOG.info("auth: access list {} is valid again", file);
        }
        isFailing = false;
        failure = "";
    }

    /** Tells of a failure once, not at every poll. */
    private void fail(Exception cause) {
        String reason = reason(cause);
        isFailing = true;
        if (!reason.equals(failure)) {
            failure = reason;
            metrics.accessFailed.increment();
            LOG.error("auth: access list {}: {}; the list before it stays in effect", file, reason);
        }
    }

    private static String reason(Exception cause) {
        return cause instanceof NoSuchFileException
                ? "there is no such file"
                : cause instanceof IOException && cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }

    @Override
    public void close() {
        polls.shutdownNow();
    }
}
