package io.weir.workcoord.sim;

import java.util.HashSet;
import java.util.Set;

/** The network between the processes: how long a message takes, and partitions, behind which messages wait. */
final class SimNetwork {
    private enum Partition {
        NONE,
        /** One node and the rest do not hear each other. */
        ISOLATED,
        /** Two groups do not hear each other. */
        SPLIT,
        /** One group hears the other but not the other way round. */
        ASYMMETRIC
    }

    final Choices choices;
    private final SimWorld world;
    private final Set<SimNode> group = new HashSet<>();
    private Partition partition = Partition.NONE;
    private long partitionUntilMillis;

    SimNetwork(SimWorld world, Choices choices) {
        this.world = world;
        this.choices = choices;
    }

    /** When a message sent now arrives, if its stream lives so long. */
    long arrivalMillis(SimNode from, SimNode to) {
        long now = world.clock.nowMillis();
        return (separates(from, to) ? Math.max(now, partitionUntilMillis) : now) + latencyMillis();
    }

    private long latencyMillis() {
        long mean = world.setting.latencyMillis();
        return mean == 0 ? 1 : 1 + (long) (-Math.log(1 - choices.below(1 << 20) / (double) (1 << 20)) * mean);
    }

    boolean separates(SimNode from, SimNode to) {
        if (partition == Partition.NONE || world.clock.nowMillis() >= partitionUntilMillis) {
            return false;
        }
        boolean fromInside = group.contains(from);
        return switch (partition) {
            case NONE -> false;
            case ISOLATED, SPLIT -> fromInside != group.contains(to);
            case ASYMMETRIC -> fromInside && !group.contains(to);
        };
    }

    void divide(Choices faults) {
        group.clear();
        partition = Partition.values()[1 + faults.below(3)];
        partitionUntilMillis = world.clock.nowMillis() + faults.upTo(8_000);
        if (partition == Partition.ISOLATED) {
            int node = faults.below(world.apis.size() + world.workers.size());
            group.add(node < world.apis.size() ? world.apis.get(node) : world.workers.get(node - world.apis.size()));
        } else {
            world.apis.stream().filter(api -> faults.half()).forEach(group::add);
            world.workers.stream().filter(worker -> faults.half()).forEach(group::add);
        }
    }

    void heal() {
        partition = Partition.NONE;
    }
}
