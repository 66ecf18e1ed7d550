package io.weir.workcoord.sim;

import java.util.ArrayList;
import java.util.List;

/** What a simulated process has: it lives, dies, starts again, and can be stopped for a while without noticing. */
abstract class SimNode {
    final SimWorld world;
    final String name;
    /** Counts the starts of the process. What belongs to an earlier one does not reach it. */
    int epoch;

    boolean alive = true;
    /** Until then the process does not run; what arrives waits. */
    long pausedUntilMillis;

    private long tickScheduledMillis = Long.MAX_VALUE;
    private final List<Runnable> waiting = new ArrayList<>();

    SimNode(SimWorld world, String name) {
        this.world = world;
        this.name = name;
    }

    /** Runs the action in this process, now or when it runs again; not at all if it dies before. */
    final void inProcess(int ofEpoch, Runnable action) {
        if (!alive || epoch != ofEpoch) {
            return;
        }
        if (world.clock.nowMillis() < pausedUntilMillis || !waiting.isEmpty()) {
            waiting.add(action);
            if (waiting.size() == 1) {
                world.clock.at(pausedUntilMillis, () -> resume(ofEpoch));
            }
            return;
        }
        action.run();
    }

    private void resume(int ofEpoch) {
        if (epoch == ofEpoch && world.clock.nowMillis() < pausedUntilMillis) {
            world.clock.at(pausedUntilMillis, () -> resume(ofEpoch));
            return;
        }
        List<Runnable> actions = List.copyOf(waiting);
        waiting.clear();
        for (Runnable action : actions) {
            if (alive && epoch == ofEpoch) {
                action.run();
            }
        }
    }

    final void scheduleTick(long atMillis, Runnable tick) {
        if (atMillis < tickScheduledMillis && atMillis != Long.MAX_VALUE) {
            tickScheduledMillis = atMillis;
            int ofEpoch = epoch;
            world.clock.at(
                    atMillis,
                    () -> inProcess(ofEpoch, () -> {
                        if (tickScheduledMillis == atMillis) {
                            tickScheduledMillis = Long.MAX_VALUE;
                            tick.run();
                        }
                    }));
        }
    }

    final void restarted() {
        epoch++;
        alive = true;
        pausedUntilMillis = 0;
        tickScheduledMillis = Long.MAX_VALUE;
        waiting.clear();
    }
}
