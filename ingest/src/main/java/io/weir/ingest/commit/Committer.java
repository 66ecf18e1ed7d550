package io.weir.ingest.commit;

import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.FrozenHead;
import io.weir.ingest.memory.Head;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.ingest.wal.LogLimits;
import io.weir.ingest.wal.WriteAheadLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The commit thread and its mailbox. It owns the log and the head: requests that wait together share one fsync, then go into
 * memory in the order of the log, then are acknowledged. The head therefore always equals what a replay of the log would give.
 */
public final class Committer implements SampleStore, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);

    /** What waits in the mailbox. */
    private sealed interface Item {}

    private record Write(WriteBatch batch, CompletableFuture<Boolean> done) implements Item {}

    private record Command(Runnable action) implements Item {}

    private record Stop() implements Item {}

    /**
     * A closed generation and the part of the log it came from.
     *
     * @param head its samples
     * @param toSequence number of the first log file that is not part of it
     */
    public record Rotation(FrozenHead head, long toSequence) {}

    private final WriteAheadLog log;
    private final Head head;
    private final SeriesRegistry registry;
    private final CommitLimits limits;
    private final HeadLimits headLimits;
    private final LogLimits logLimits;
    private final Runnable pressure;
    private final CommitObserver observer;
    private final ArrayBlockingQueue<Item> mailbox;
    private final AtomicLong frozenSamples = new AtomicLong();
    private final Thread thread;
    private boolean logFailing;
    private volatile boolean accepting = true;
    private volatile boolean stopped;
    private volatile @Nullable String broken;

    /**
     * Starts the thread.
     *
     * @param pressure called when memory asks for a flush; must return at once
     */
    public Committer(
            WriteAheadLog log,
            Head head,
            SeriesRegistry registry,
            CommitLimits limits,
            HeadLimits headLimits,
            LogLimits logLimits,
            Runnable pressure,
            CommitObserver observer) {
        this.log = log;
        this.head = head;
        this.registry = registry;
        this.limits = limits;
        this.headLimits = headLimits;
        this.logLimits = logLimits;
        this.pressure = pressure;
        this.observer = observer;
        mailbox = new ArrayBlockingQueue<>(limits.queuedRequestsMax());
        thread = Thread.ofPlatform().name("weir-ingest-commit").daemon(true).start(this::run);
    }

    /** Stores a batch durably. */
    @Override
    public void commit(WriteBatch batch) throws InterruptedException {
        admit(batch.weight());
        Write write = new Write(batch, new CompletableFuture<>());
        if (!mailbox.offer(write, limits.queueWaitMillis(), TimeUnit.MILLISECONDS)) {
            throw IngestException.overloaded("ingest-commit-queued-requests-max=" + limits.queuedRequestsMax()
                    + " requests already wait for the log; send again later, or slower");
        }
        if (stopped && mailbox.remove(write)) {
            throw closing();
        }
        await(write.done());
    }

    private void await(CompletableFuture<Boolean> done) throws InterruptedException {
        try {
            done.get(limits.commitTimeoutMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IngestException(
                    IngestException.Reason.UNAVAILABLE,
                    "the log did not become durable within ingest-commit-commit-timeout-millis="
                            + limits.commitTimeoutMillis() + "; send again: a second copy does no harm",
                    e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IngestException refused) {
                throw refused;
            }
            throw new IllegalStateException("commit failed", e.getCause());
        }
    }

    /** Refuses writes that would pass a limit; called before anything is queued. */
    private void admit(long samples) {
        String reason = broken;
        if (reason != null) {
            throw new IngestException(IngestException.Reason.UNAVAILABLE, reason);
        }
        if (!accepting) {
            throw closing();
        }
        long held = head.samples() + frozenSamples.get();
        if (held + samples > headLimits.samplesMax()) {
            pressure.run();
            throw IngestException.overloaded(
                    "memory holds " + held + " samples that are not in segments yet, ingest-head-samples-max="
                            + headLimits.samplesMax() + "; send again after the flush, or send smaller requests");
        }
        if (log.bytes() > logLimits.bytesMax()) {
            pressure.run();
            throw IngestException.overloaded(
                    "the log holds " + log.bytes() + " bytes that are not in segments yet, ingest-log-bytes-max="
                            + logLimits.bytesMax() + "; send again after the flush");
        }
    }

    private static IngestException closing() {
        return new IngestException(
                IngestException.Reason.UNAVAILABLE, "this ingester is shutting down; send to another one, or later");
    }

    /** Samples in memory, in the open generation and on the way into segments, as {@link WriteBatch#weight} counts them. */
    public long samplesInMemory() {
        return head.samples() + frozenSamples.get();
    }

    /** Bytes of the log that are not deleted yet. */
    public long logBytes() {
        return log.bytes();
    }

    /** Requests that wait. */
    public int queued() {
        return mailbox.size();
    }

    /** Whether writes are taken at all; a reason when not. */
    public @Nullable String whyNotAccepting() {
        String reason = broken;
        return reason != null || accepting ? reason : "shutting down";
    }

    /**
     * Closes the open generation. Everything acknowledged before the call is in it, or in one closed earlier. The caller must keep
     * the future and take its result, however late: the result is the only handle to the samples.
     *
     * @return empty if there is nothing to flush; fails, with nothing changed, if the log cannot be rotated
     * @throws IngestException if the commit thread is too busy to be asked
     */
    public CompletableFuture<Optional<Rotation>> rotate(long timeoutMillis) throws InterruptedException {
        CompletableFuture<Optional<Rotation>> result = new CompletableFuture<>();
        execute(
                () -> {
                    try {
                        result.complete(rotateNow());
                    } catch (IOException | RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                },
                timeoutMillis);
        return result;
    }

    private Optional<Rotation> rotateNow() throws IOException {
        if (head.samples() == 0) {
            return Optional.empty();
        }
        long toSequence = log.rotate();
        // Counted before the head is emptied: a reader in between sees too many samples, never too few.
        frozenSamples.addAndGet(head.samples());
        return Optional.of(new Rotation(head.freeze(), toSequence));
    }

    /** Says that a closed generation is in segments and no longer in memory. */
    public void released(FrozenHead frozen) {
        frozenSamples.addAndGet(-frozen.sampleCount());
    }

    /** Says that log files were deleted. */
    public void logFilesDeleted(long timeoutMillis) throws InterruptedException {
        execute(
                () -> {
                    try {
                        log.noteDeleted();
                    } catch (IOException e) {
                        LOG.warn("cannot list the log files; their size is counted again after the next flush", e);
                    }
                },
                timeoutMillis);
    }

    private void execute(Runnable action, long timeoutMillis) throws InterruptedException {
        Command command = new Command(action);
        if (!mailbox.offer(command, timeoutMillis, TimeUnit.MILLISECONDS)) {
            throw IngestException.overloaded("the commit thread is busy");
        }
        if (stopped && mailbox.remove(command)) {
            throw closing();
        }
    }

    private void run() {
        List<Write> group = new ArrayList<>();
        try {
            while (true) {
                switch (mailbox.take()) {
                    case Write write -> {
                        group.clear();
                        group.add(write);
                        if (!commitGroup(group)) {
                            return;
                        }
                    }
                    case Command command -> command.action().run();
                    case Stop() -> {
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            finish();
        }
    }

    /** Commits a group that begins with one write and takes what else waits, up to the next command. False stops the thread. */
    private boolean commitGroup(List<Write> group) {
        try {
            long startNanos = System.nanoTime();
            addToLog(group);
            log.writeGroup();
            if (logFailing) {
                logFailing = false;
                LOG.info("the log can be written again");
            }
            int samples = 0;
            for (Write write : group) {
                head.append(write.batch());
                samples += write.batch().size();
            }
            observer.committed(group.size(), samples, System.nanoTime() - startNanos);
            for (Write write : group) {
                write.done().complete(true);
            }
            if (head.samples() >= headLimits.flushSamplesMax()) {
                pressure.run();
            }
            return true;
        } catch (IOException e) {
            noteLogFailure(e);
            fail(
                    group,
                    new IngestException(
                            IngestException.Reason.UNAVAILABLE,
                            "the log cannot be written: " + e.getMessage()
                                    + "; nothing of this request was stored, send it again later",
                            e));
            return true;
        } catch (RuntimeException | Error e) {
            // Log and memory may differ now; only a replay makes them equal again.
            LOG.error("the commit thread failed; the process must be restarted", e);
            broken = "the commit thread failed with " + e + "; restart the ingester";
            fail(group, new IngestException(IngestException.Reason.UNAVAILABLE, String.valueOf(broken), e));
            return false;
        }
    }

    /** A full disk fails every group; one line about it is enough. */
    private void noteLogFailure(IOException failure) {
        if (logFailing) {
            LOG.debug("the log still cannot be written", failure);
        } else {
            logFailing = true;
            LOG.warn("the log cannot be written, requests are refused until it can", failure);
        }
    }

    private void addToLog(List<Write> group) throws IOException {
        log.beginGroup();
        Write first = group.getFirst();
        registry.refresh(first.batch());
        log.add(first.batch());
        while (!log.isGroupFull() && mailbox.peek() instanceof Write next) {
            // Only this thread takes from the mailbox, apart from a caller that removes its own item.
            if (!mailbox.remove(next)) {
                continue;
            }
            group.add(next);
            registry.refresh(next.batch());
            log.add(next.batch());
        }
    }

    private static void fail(List<Write> group, IngestException reason) {
        for (Write write : group) {
            write.done().completeExceptionally(reason);
        }
    }

    private void finish() {
        accepting = false;
        stopped = true;
        List<Item> left = new ArrayList<>();
        mailbox.drainTo(left);
        for (Item item : left) {
            switch (item) {
                case Write write -> write.done().completeExceptionally(closing());
                case Command command -> command.action().run();
                case Stop() -> {}
            }
        }
        try {
            log.close();
        } catch (IOException e) {
            LOG.warn("the log cannot be closed; a replay cuts off what was not acknowledged", e);
        }
    }

    /** From now on writes are refused; what is queued is still committed. */
    public void stopAccepting() {
        accepting = false;
    }

    /** Commits what is queued and ends the thread, within a bounded time. */
    public void close(long timeoutMillis) throws InterruptedException {
        accepting = false;
        if (!mailbox.offer(new Stop(), timeoutMillis, TimeUnit.MILLISECONDS)) {
            thread.interrupt();
        }
        thread.join(timeoutMillis);
    }

    @Override
    public void close() {
        try {
            close(limits.commitTimeoutMillis());
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
    }
}
