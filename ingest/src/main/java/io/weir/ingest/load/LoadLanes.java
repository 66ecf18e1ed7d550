package io.weir.ingest.load;

import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The batches of a load: each lane fills one while its other is on the way, and a series always takes the same lane.
 *
 * <p>Used by one thread; only the requests run on others.
 */
final class LoadLanes implements AutoCloseable {
    private final RemoteWriteClient client;
    private final LoadSettings settings;
    private final Lane[] lanes;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicLong samplesSent = new AtomicLong();
    private final AtomicLong requests = new AtomicLong();

    LoadLanes(RemoteWriteClient client, LoadSettings settings) {
        this.client = client;
        this.settings = settings;
        this.lanes = new Lane[settings.lanes()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new Lane();
        }
    }

    void add(Labels labels, long timestampMillis, double value) throws IOException, InterruptedException {
        Lane lane = lanes[Math.floorMod(labels.hashCode(), lanes.length)];
        lane.filling.add(labels, timestampMillis, value);
        if (lane.filling.samples() >= settings.samplesPerRequestMax()
                || lane.filling.bytes() >= settings.bytesPerRequestMax()) {
            // Another lane's failure is found here, not only when that lane is full again.
            for (Lane each : lanes) {
                each.awaitIfDone();
            }
            lane.dispatch();
        }
    }

    /** Sends what is left and waits until everything is acknowledged. */
    void finish() throws IOException, InterruptedException {
        for (Lane lane : lanes) {
            lane.dispatch();
        }
        for (Lane lane : lanes) {
            lane.await();
        }
    }

    long samplesSent() {
        return samplesSent.get();
    }

    long requests() {
        return requests.get();
    }

    /** Interrupts requests that are still on the way, which after {@link #finish} there are none of, and waits for their threads. */
    @Override
    public void close() {
        executor.shutdownNow();
        executor.close();
    }

    private final class Lane {
        private SampleBatch filling = new SampleBatch();
        private SampleBatch sending = new SampleBatch();
        private @Nullable Future<?> request;

        void dispatch() throws IOException, InterruptedException {
            await();
            if (filling.isEmpty()) {
                return;
            }
            SampleBatch batch = filling;
            filling = sending;
            sending = batch;
            filling.clear();
            request = executor.submit(() -> {
                client.send(batch);
                samplesSent.addAndGet(batch.samples());
                requests.incrementAndGet();
                return null;
            });
        }

        void awaitIfDone() throws IOException, InterruptedException {
            if (request != null && request.isDone()) {
                await();
            }
        }

        void await() throws IOException, InterruptedException {
            Future<?> pending = request;
            if (pending == null) {
                return;
            }
            request = null;
            try {
                // Bounded by the client: attempts, backoff and timeout of each attempt.
                pending.get();
            } catch (ExecutionException e) {
                Throwable cause = e.getCause();
                if (cause instanceof RemoteWriteException refusal) {
                    throw refusal;
                }
                throw new IOException("sending a batch failed: " + cause, e);
            }
        }
    }
}
