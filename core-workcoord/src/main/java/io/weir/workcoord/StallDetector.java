package io.weir.workcoord;

/**
 * Notices that this process did not run for a while (garbage collection, SIGSTOP, a sleeping machine). Messages of that
 * time wait in socket buffers, so silence during it says nothing about the peers.
 */
public final class StallDetector {
    private final long toleratedMillis;
    private long lastStepMillis = Long.MIN_VALUE;

    /** @param toleratedMillis longest pause between two steps that is normal; timers fire at least this often */
    public StallDetector(long toleratedMillis) {
        this.toleratedMillis = toleratedMillis;
    }

    /** Records a step; returns the milliseconds beyond what is normal since the one before, 0 mostly. */
    public long step(long nowMillis, boolean timersArmed) {
        long stalledMillis = 0;
        Check.atMost(lastStepMillis, nowMillis, "time went backwards");
        if (timersArmed) {
            stalledMillis = Math.max(0, nowMillis - lastStepMillis - toleratedMillis);
        }
        lastStepMillis = nowMillis;
        return stalledMillis;
    }

    /** Time of the last step. */
    public long lastStepMillis() {
        return lastStepMillis;
    }
}
