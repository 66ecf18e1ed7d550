package io.weir.ingest.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class FlushLagTest {
    private final AtomicLong now = new AtomicLong(1_000);
    private final AtomicLong waiting = new AtomicLong();

    @Test
    void itGrowsFromTheFirstSampleToTheFlush() {
        FlushLag lag = new FlushLag(now::get, waiting::get);
        now.addAndGet(5_000);
        assertThat(lag.nanos()).as("an idle ingester has no lag").isZero();
        waiting.set(3);
        lag.arrived();
        now.addAndGet(100);
        lag.arrived();
        now.addAndGet(100);
        assertThat(lag.nanos()).isEqualTo(200);
        waiting.set(0);
        lag.flushed(50);
        assertThat(lag.nanos()).isZero();
    }

    @Test
    void whatCameDuringAFlushHasWaitedAtMostSinceItBegan() {
        FlushLag lag = new FlushLag(now::get, waiting::get);
        lag.arrived();
        waiting.set(7);
        now.addAndGet(400);
        lag.flushed(150);
        assertThat(lag.nanos()).isEqualTo(150);
        now.addAndGet(10);
        assertThat(lag.nanos()).isEqualTo(160);
    }

    @Test
    void flushesThatFailLetItGrowAndALogOfAnEarlierRunCounts() {
        waiting.set(9);
        FlushLag lag = new FlushLag(now::get, waiting::get);
        now.addAndGet(60_000);
        assertThat(lag.nanos()).isEqualTo(60_000);
    }
}
