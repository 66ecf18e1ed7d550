package io.weir.eventstats.auth;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public keys of tokens, kept up to date: read at the start, again in the background, and once more when a token's key is not known. A read that
 * fails leaves the keys as they are.
 *
 * <p>All reads run on one thread, one after the other. The least time between two reads because of unknown keys bounds what strangers with invented
 * tokens can ask of the key server; whoever comes while such a read is under way waits for it, others are answered at once.
 */
final class TokenKeys implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TokenKeys.class);

    private final KeySettings settings;
    private final KeyReader reader;
    private final LongSupplier nanoTime;
    private final AuthMetrics metrics;
    private final ScheduledExecutorService reads;

    private final Object lock = new Object();
    /** Guarded by lock; null before the first one. */
    private @Nullable Future<?> forcedRead;
    /** Guarded by lock. */
    private long forcedReadNanos;

    private volatile Snapshot snapshot = new Snapshot(0, List.of());
    private volatile long successNanos;
    /** Only for the thread of the reads. */
    private String failure = "";

    /**
     * The keys at a time.
     *
     * @param version grows with every change; 0 while no keys were read
     */
    record Snapshot(long version, List<VerificationKey> keys) {
        Snapshot {
            keys = List.copyOf(keys);
        }
    }

    private TokenKeys(KeySettings settings, KeyReader reader, LongSupplier nanoTime, AuthMetrics metrics) {
        this.metrics = metrics;
        this.settings = settings;
        this.reader = reader;
        this.nanoTime = nanoTime;
        this.successNanos = nanoTime.getAsLong();
        this.reads = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("auth-keys").daemon().factory());
        metrics.observeKeys(() -> snapshot.keys().size(), this::ageSeconds);
    }

    /**
     * Reads the keys and goes on doing so until it is closed.
     *
     * @param nanoTime as {@link System#nanoTime}
     * @throws IllegalArgumentException if the URL is none
     * @throws IllegalStateException if the keys cannot be read, and are required at the start
     */
    static TokenKeys start(KeySettings settings, LongSupplier nanoTime, AuthMetrics metrics) {
        KeyReader reader = KeyReader.of(settings);
        if (reader.isOpenToOthers()) {
            LOG.warn(
                    "auth: the keys of tokens come over plain http from {}; whoever is on the way can replace them:"
                            + " use https",
                    reader.description());
        }
        TokenKeys keys = new TokenKeys(settings, reader, nanoTime, metrics);
        keys.read();
        if (settings.requiredAtStart() && keys.snapshot.version() == 0) {
            String failure = keys.failure;
            keys.close();
            throw new IllegalStateException("cannot read the keys of tokens from " + reader.description() + ": "
                    + failure + " (with auth-keys-required-at-start=false the start goes on without)");
        }
        keys.schedule(keys.failure.isEmpty());
        return keys;
    }

    /** The keys now; does not wait. */
    Snapshot now() {
        return snapshot;
    }

    /**
     * Keys for a token whose key is not among those of a snapshot: newer ones if there are any already, else what one read finds, unless the last
     * such read is too short ago. Waits for that read at most twice its time limit, as another one may be under way.
     */
    Snapshot newerThan(Snapshot seen) {
        Future<?> read;
        synchronized (lock) {
            if (snapshot.version() != seen.version()) {
                return snapshot;
            }
            if (forcedRead == null || forcedRead.isDone()) {
                long nowNanos = nanoTime.getAsLong();
                long intervalNanos = TimeUnit.MILLISECONDS.toNanos(settings.forcedIntervalMillisMin());
                if (forcedRead != null && nowNanos - forcedReadNanos < intervalNanos) {
                    metrics.forcedLimited.increment();
                    return snapshot;
                }
                try {
                    forcedRead = reads.submit(this::read);
                } catch (RejectedExecutionException e) {
                    // Closed meanwhile: the keys stay as they are.
                    return snapshot;
                }
                forcedReadNanos = nowNanos;
                metrics.forcedStarted.increment();
            }
            read = forcedRead;
        }
        await(read);
        return snapshot;
    }

    private void await(Future<?> read) {
        try {
            read.get(2 * settings.readTimeoutMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("auth: a token of an unknown key was refused before newer keys could be read");
        }
    }

    private void schedule(boolean succeeded) {
        long delayMillis = succeeded
                ? settings.refreshIntervalMillis()
                : Math.min(settings.retryIntervalMillis(), settings.refreshIntervalMillis());
        try {
            reads.schedule(this::readAndSchedule, delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // Closed: there is no next read.
            LOG.debug("auth: no more reads of keys");
        }
    }

    private void readAndSchedule() {
        schedule(read());
    }

    /** Reads once; returns whether that went well. Never throws: the next read must be scheduled whatever becomes of this one. */
    private boolean read() {
        try {
            take(KeyDocument.parse(reader.read(), settings.countMax()));
            failure = "";
            return true;
        } catch (IOException | RuntimeException e) {
            metrics.keysFailed.increment();
            failure = String.valueOf(e.getMessage());
            LOG.error(
                    "auth: cannot read the keys of tokens from {}: {}; {}",
                    reader.description(),
                    failure,
                    snapshot.version() == 0
                            ? "no token can be verified until it succeeds"
                            : "the keys stay as they are",
                    e instanceof RuntimeException ? e : null);
            return false;
        }
    }

    private void take(KeyDocument document) {
        successNanos = nanoTime.getAsLong();
        if (document.keys().equals(snapshot.keys())) {
            metrics.keysSame.increment();
            return;
        }
        snapshot = new Snapshot(snapshot.version() + 1, document.keys());
        metrics.keysChanged.increment();
        LOG.info("auth: tokens are verified with {} keys of {}", document.keys().size(), reader.description());
        document.ignored().forEach(reason -> LOG.warn("auth: of {} is not used: {}", reader.description(), reason));
    }

    private double ageSeconds() {
        return (nanoTime.getAsLong() - successNanos) / 1e9;
    }

    @Override
    public void close() {
        reads.shutdownNow();
        reader.close();
    }
}
