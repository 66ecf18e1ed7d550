package io.weir.eventstats.stats.read;

import java.sql.PreparedStatement;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Asks the database for a sign of life, in bounded time. However many ask, one question at a time is on its way. */
public final class DatabaseHealth implements AutoCloseable {
    private final StatsReader reader;
    private final long waitMillisMax;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicReference<@Nullable FutureTask<Boolean>> running = new AtomicReference<>();

    public DatabaseHealth(StatsReader reader, long waitMillisMax) {
        this.reader = reader;
        this.waitMillisMax = waitMillisMax;
    }

    /** What is wrong; empty if the database answers. */
    public Optional<String> failure() {
        try {
            probe().get(waitMillisMax, TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (TimeoutException e) {
            return Optional.of("no answer within " + waitMillisMax + " ms");
        } catch (ExecutionException e) {
            return Optional.of(
                    e.getCause() instanceof StatsDatabaseException failure
                            ? Objects.requireNonNullElse(failure.getMessage(), "failed")
                            : "failed");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        }
    }

    private Future<Boolean> probe() {
        FutureTask<Boolean> fresh = new FutureTask<>(this::select);
        FutureTask<Boolean> current = running.updateAndGet(now -> now == null || now.isDone() ? fresh : now);
        if (current == fresh) {
            executor.execute(fresh);
        }
        return Objects.requireNonNull(current);
    }

    private boolean select() {
        return reader.read(waitMillisMax, connection -> {
            try (PreparedStatement statement = connection.prepareStatement("SELECT 1")) {
                return statement.execute();
            }
        });
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
