package io.weir.workcoord.sim;

import io.weir.workcoord.sim.SimSetting.Size;
import java.util.ArrayList;
import java.util.List;

/** Makes a failing world smaller while the same invariant breaks: fewer faults, processes, queries, and no later events. */
final class Shrink {
    private static final int TRIES_MAX = 400;

    private final long seed;
    private final Invariant invariant;
    private SimSetting best;
    private int tries;

    private Shrink(long seed, SimSetting setting, Invariant invariant) {
        this.seed = seed;
        this.best = setting;
        this.invariant = invariant;
    }

    static SimSetting shrink(long seed, SimSetting setting, Invariant invariant) {
        Shrink shrink = new Shrink(seed, setting, invariant);
        shrink.run();
        return shrink.best;
    }

    private void run() {
        boolean progress = true;
        while (progress && tries < TRIES_MAX) {
            progress = false;
            for (SimSetting candidate : candidates()) {
                if (tries < TRIES_MAX && fails(candidate)) {
                    best = candidate;
                    progress = true;
                    break;
                }
            }
        }
    }

    private List<SimSetting> candidates() {
        List<SimSetting> candidates = new ArrayList<>();
        for (Fault fault : best.rates().keySet()) {
            candidates.add(best.without(fault));
        }
        Size size = best.size();
        int halfQueries = (size.queries() + 1) / 2;
        int halfUnits = (size.unitsMax() + 1) / 2;
        add(candidates, new Size(1, size.workers(), size.slots(), size.queries(), size.unitsMax()));
        add(candidates, new Size(size.apis(), (size.workers() + 1) / 2, size.slots(), size.queries(), size.unitsMax()));
        add(candidates, new Size(size.apis(), size.workers() - 1, size.slots(), size.queries(), size.unitsMax()));
        add(candidates, new Size(size.apis(), size.workers(), 1, size.queries(), size.unitsMax()));
        add(candidates, new Size(size.apis(), size.workers(), size.slots(), halfQueries, size.unitsMax()));
        add(candidates, new Size(size.apis(), size.workers(), size.slots(), size.queries() - 1, size.unitsMax()));
        add(candidates, new Size(size.apis(), size.workers(), size.slots(), size.queries(), halfUnits));
        add(candidates, new Size(size.apis(), size.workers(), size.slots(), size.queries(), size.unitsMax() - 1));
        for (int eighths = 4; eighths < 8; eighths++) {
            long until = best.eventsMillis() * eighths / 8;
            if (until < best.eventsMillis() - 10) {
                candidates.add(best.until(until));
            }
        }
        return candidates;
    }

    private void add(List<SimSetting> candidates, Size size) {
        boolean possible = size.workers() > 0 && size.queries() > 0 && size.unitsMax() > 0;
        if (possible && !size.equals(best.size())) {
            candidates.add(best.with(size));
        }
    }

    private boolean fails(SimSetting candidate) {
        tries++;
        try {
            new SimWorld(seed, candidate, null).run();
            return false;
        } catch (Violation violation) {
            return violation.invariant == invariant;
        }
    }
}
