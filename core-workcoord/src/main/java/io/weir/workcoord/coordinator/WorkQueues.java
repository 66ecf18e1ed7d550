package io.weir.workcoord.coordinator;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** The API's queues of work, one for each priority, each fair in itself. */
final class WorkQueues {
    private final Map<Priority, FairQueue> queues = new EnumMap<>(Priority.class);

    WorkQueues() {
        for (Priority priority : Priority.values()) {
            queues.put(priority, new FairQueue());
        }
    }

    FairQueue of(Priority priority) {
        return Objects.requireNonNull(queues.get(priority));
    }

    /** The queue of a query's work. */
    FairQueue of(QueryEntry query) {
        return of(query.priority);
    }
}
