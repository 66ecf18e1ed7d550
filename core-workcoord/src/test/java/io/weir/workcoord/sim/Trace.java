package io.weir.workcoord.sim;

import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.lang.reflect.RecordComponent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The last steps of a world, one compact line each: time, process and incarnation, event, effects, state. It is kept only
 * when a world is run again to show what happened.
 */
final class Trace implements Observer {
    private final int linesMax;
    private final boolean heartbeats;
    private final Deque<String> lines = new ArrayDeque<>();
    private long dropped;

    /** @param heartbeats whether steps of heartbeats and timers without effects are shown too */
    Trace(int linesMax, boolean heartbeats) {
        this.linesMax = linesMax;
        this.heartbeats = heartbeats;
    }

    @Override
    public void stepped(SimWorld world, SimNode node, Object event, List<?> effects) {
        StringBuilder line = new StringBuilder();
        boolean quiet = isQuiet(event);
        for (Object effect : effects) {
            if (heartbeats || !isQuiet(effect)) {
                quiet = false;
                line.append(line.isEmpty() ? "" : "; ").append(compact(effect));
            }
        }
        if (quiet && !heartbeats) {
            return;
        }
        String state = node instanceof SimApi api ? api.describe() : ((SimWorker) node).describe();
        lines.add("t=%08d %s#%d %s > %s %s"
                .formatted(world.clock.nowMillis(), node.name, node.epoch, compact(event), line, state));
        if (lines.size() > linesMax) {
            lines.removeFirst();
            dropped++;
        }
    }

    private static boolean isQuiet(Object happening) {
        return happening instanceof CoordinatorEvent.Tick
                || happening instanceof CoordinatorEvent.HeartbeatReceived
                || happening instanceof CoordinatorEvent.StatusReceived
                || happening instanceof CoordinatorEffect.SendHeartbeat
                || happening instanceof CoordinatorEffect.Count
                || happening instanceof AgentEvent.Tick
                || happening instanceof AgentEvent.HeartbeatReceived
                || happening instanceof AgentEffect.SendHeartbeat
                || happening instanceof AgentEffect.SendStatus;
    }

    /** A record's name and the values of its components. */
    static String compact(Object happening) {
        StringBuilder text = new StringBuilder(happening.getClass().getSimpleName());
        for (RecordComponent component : happening.getClass().getRecordComponents()) {
            try {
                component.getAccessor().setAccessible(true);
                Object value = component.getAccessor().invoke(happening);
                text.append(' ').append(value instanceof List<?> list ? list.size() + " units" : value);
            } catch (ReflectiveOperationException failure) {
                throw new IllegalStateException("a component of " + happening + " cannot be read", failure);
            }
        }
        return text.toString();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        if (dropped > 0) {
            text.append("... ").append(dropped).append(" lines before (all of them with --log full)\n");
        }
        lines.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }
}
