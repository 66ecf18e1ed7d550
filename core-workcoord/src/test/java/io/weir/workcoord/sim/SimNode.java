package io.weir.workcoord.sim;

import java.util.ArrayList;
import java.util.List;

/** What a simulated process has: it lives, dies, starts again, can be stopped without noticing, and has a clock of its own. */
abstract class SimNode {
    final SimWorld world;
    final String name;
    /** Counts the starts of the process. What belongs to an earlier one does not reach it. */
    int epoch;

    boolean alive = true;
    /** Pauses and jumps of the clock so far. */
    int stalls;

    private boolean paused;
    private long pausedSinceMillis;
    private long pausedUntilMillis;
    private long pausedMillis;
    private long offsetMillis;
    private long tickWantedMillis = Long.MAX_VALUE;
    private long tickGeneration;
    private final List<Runnable> waiting = new ArrayList<>();

    SimNode(SimWorld world, String name) {
        this.world = world;
        this.name = name;
    }

    /** Time by this process's clock. */
    final long now() {
        return world.clock.nowMillis() + offsetMillis;
    }

    /** Time this process was able to run, so far. */
    final long runningMillis() {
        return world.clock.nowMillis() - pausedMillis;
    }

    /** Runs the action in this process, now or when it runs again; not at all if it dies before. */
    final void inProcess(int ofEpoch, Runnable action) {
        if (!alive || epoch != ofEpoch) {
            return;
        }
        if (paused) {
            waiting.add(action);
        } else {
            action.run();
        }
    }

    final void pause(long millis) {
        if (!alive) {
            return;
        }
        if (!paused) {
            paused = true;
            pausedSinceMillis = world.clock.nowMillis();
        }
        pausedUntilMillis = world.clock.nowMillis() + millis;
        int ofEpoch = epoch;
        world.clock.after(millis, () -> {
            if (epoch == ofEpoch && alive && world.clock.nowMillis() >= pausedUntilMillis) {
                resume();
            }
        });
    }

    final void resume() {
        if (!paused) {
            return;
        }
        paused = false;
        stalls++;
        pausedMillis += world.clock.nowMillis() - pausedSinceMillis;
        List<Runnable> actions = List.copyOf(waiting);
        waiting.clear();
        int ofEpoch = epoch;
        for (Runnable action : actions) {
            inProcess(ofEpoch, action);
        }
    }

    /** The process's clock goes forward at once. */
    final void jump(long millis) {
        stalls++;
        offsetMillis += millis;
        long wanted = tickWantedMillis;
        tickWantedMillis = Long.MAX_VALUE;
        wantTick(wanted);
    }

    /** Asks for a tick at a time of this process's clock, instead of the one asked for before. */
    final void wantTick(long atMillis) {
        if (atMillis == tickWantedMillis) {
            return;
        }
        tickWantedMillis = atMillis;
        tickGeneration++;
        if (atMillis == Long.MAX_VALUE) {
            return;
        }
        long generation = tickGeneration;
        int ofEpoch = epoch;
        world.clock.at(
                atMillis - offsetMillis,
                null,
                name,
                () -> inProcess(ofEpoch, () -> {
                    if (tickGeneration == generation) {
                        tickWantedMillis = Long.MAX_VALUE;
                        tick();
                    }
                }));
    }

    abstract void tick();

    final void restarted() {
        epoch++;
        alive = true;
        paused = false;
        tickWantedMillis = Long.MAX_VALUE;
        tickGeneration++;
        waiting.clear();
    }
}
