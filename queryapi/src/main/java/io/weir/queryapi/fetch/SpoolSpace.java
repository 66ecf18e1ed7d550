package io.weir.queryapi.fetch;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The bytes that fetched artifacts may take on the API's disk, handed out in the order of asking. Thread-safe. */
final class SpoolSpace {
    /** Counted in blocks, as file systems do; an int of them reaches 8 TiB. */
    private static final long BLOCK_BYTES = 4_096;

    private final int blocksMax;
    private final Semaphore blocks;

    SpoolSpace(long bytesMax, MeterRegistry registry) {
        blocksMax = (int) Math.min(Integer.MAX_VALUE, blocksOf(bytesMax));
        blocks = new Semaphore(blocksMax, true);
        Gauge.builder("weir_fetch_spool_bytes", this, SpoolSpace::usedBytes)
                .description("Bytes promised to artifacts that are being fetched or wait to be evaluated")
                .register(registry);
    }

    private static long blocksOf(long bytes) {
        return Math.max(1, (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
    }

    /** Whether an artifact of this size can have room at all. */
    boolean canHold(long bytes) {
        return blocksOf(bytes) <= blocksMax;
    }

    /** Waits for room; false if there is none in time. */
    boolean take(long bytes, long waitMillisMax) throws InterruptedException {
        return canHold(bytes) && blocks.tryAcquire((int) blocksOf(bytes), waitMillisMax, TimeUnit.MILLISECONDS);
    }

    void giveBack(long bytes) {
        blocks.release((int) blocksOf(bytes));
    }

    long usedBytes() {
        return (blocksMax - (long) blocks.availablePermits()) * BLOCK_BYTES;
    }
}
