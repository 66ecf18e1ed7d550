package io.weir.proto.shutdown;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class BoundedCloseTest {
    private final List<String> ended = new CopyOnWriteArrayList<>();
    private final BoundedClose parts = new BoundedClose();

    private AutoCloseable part(String name) {
        return () -> ended.add(name);
    }

    @Test
    void partsEndInTheReverseOrderAndOnce() {
        parts.add(part("a"));
        parts.add(part("b"));
        assertThat(parts.close(1_000)).isTrue();
        assertThat(parts.close(1_000)).isTrue();
        assertThat(ended).containsExactly("b", "a");
    }

    @Test
    void aPartThatHangsIsLeftBehindAndTheOthersStillEnd() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        parts.add(part("a"));
        parts.add(() -> {
            try {
                never.await();
            } catch (InterruptedException told) {
                interrupted.countDown();
            }
        });
        parts.add(part("c"));
        long before = System.nanoTime();
        assertThat(parts.close(100)).isFalse();
        assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(100));
        assertThat(ended).containsExactly("c", "a");
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aPartThatFailsDoesNotKeepTheOthers() {
        parts.add(part("a"));
        parts.add(() -> {
            throw new IllegalStateException("a defect");
        });
        parts.add(() -> {
            throw new AssertionError("an error");
        });
        assertThat(parts.close(10_000)).isFalse();
        assertThat(ended).containsExactly("a");
    }

    @Test
    void aPartMayHaveALimitOfItsOwnOnTop() {
        parts.add(() -> Thread.sleep(200), 20_000);
        assertThat(parts.close(10)).isTrue();
    }

    @Test
    void anInterruptEndsTheWaitAndIsKept() {
        parts.add(() -> Thread.sleep(20_000));
        Thread.currentThread().interrupt();
        assertThat(parts.close(20_000)).isFalse();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void theLimitsFitEachOther() {
        assertThatThrownBy(() -> new ShutdownSettings(5, 10)).hasMessageContaining("shutdown-part-millis-max is 5");
        assertThatThrownBy(() -> new ShutdownSettings(100, 99)).hasMessageContaining("shutdown-total-millis-max 99");
        assertThatThrownBy(() -> new ShutdownSettings(100, 3_600_001)).isInstanceOf(IllegalArgumentException.class);
    }
}
