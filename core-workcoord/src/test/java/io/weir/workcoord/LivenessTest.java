package io.weir.workcoord;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Heartbeats and the detection of our own stalls. */
final class LivenessTest {
    private final Heartbeat heartbeat = new Heartbeat(1_000, 3_000, 500);

    @Test
    void silenceIsMeasuredFromWhatWasHeardLast() {
        assertThat(heartbeat.isSilent(3_499)).isFalse();
        assertThat(heartbeat.isSilent(3_500)).isTrue();
        heartbeat.heard(2_000);
        heartbeat.heard(1_000);
        assertThat(heartbeat.lastHeardMillis()).as("it does not go back").isEqualTo(2_000);
        assertThat(heartbeat.isSilent(4_999)).isFalse();
        assertThat(heartbeat.isSilent(5_000)).isTrue();
        heartbeat.forgive(700);
        assertThat(heartbeat.isSilent(5_699)).isFalse();
        assertThat(heartbeat.isSilent(5_700)).isTrue();
    }

    @Test
    void heartbeatsAreNumberedAndDueOnceAnInterval() {
        assertThat(heartbeat.isDue(1_499)).isFalse();
        assertThat(heartbeat.isDue(1_500)).isTrue();
        assertThat(heartbeat.nextTimerMillis()).isEqualTo(1_500);
        assertThat(heartbeat.send(1_600)).isEqualTo(1);
        assertThat(heartbeat.isDue(2_599)).isFalse();
        assertThat(heartbeat.send(2_600)).isEqualTo(2);
        assertThat(heartbeat.nextTimerMillis()).as("silence comes first").isEqualTo(3_500);
    }

    @Test
    void onlyWhatIsBeyondTheNormalPauseIsAStallAndOnlyWithTimers() {
        StallDetector stalls = new StallDetector(1_500);
        assertThat(stalls.step(1_000, false)).isZero();
        assertThat(stalls.lastStepMillis()).isEqualTo(1_000);
        assertThat(stalls.step(2_500, true)).isZero();
        assertThat(stalls.step(4_001, true)).isEqualTo(1);
        assertThat(stalls.step(60_000, false)).isZero();
        assertThatThrownBy(() -> stalls.step(59_999, false)).hasMessageContaining("time went backwards");
    }

    @Test
    void limitsAreNamed() {
        assertThat(new HeartbeatLimits(10, 1).silenceMillis()).isEqualTo(10);
        assertThat(HeartbeatLimits.DEFAULT.silenceMillis()).isEqualTo(3_000);
        assertThat(new HeartbeatLimits(60_000, 100).silenceMillis()).isEqualTo(6_000_000);
        assertThatThrownBy(() -> new HeartbeatLimits(9, 1)).hasMessageContaining("heartbeat interval (ms)");
        assertThatThrownBy(() -> new HeartbeatLimits(60_001, 1)).hasMessageContaining("heartbeat interval (ms)");
        assertThatThrownBy(() -> new HeartbeatLimits(10, 0)).hasMessageContaining("missed heartbeats");
        assertThatThrownBy(() -> new HeartbeatLimits(10, 101)).hasMessageContaining("missed heartbeats");
    }
}
