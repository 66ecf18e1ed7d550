package io.weir.queryapi.testkit;

import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.WorkerCount;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Keeps what it is told; fails afterwards if a test wants that. */
public final class TestingQueryListener implements QueryListener {
    private final List<QueryEvent> events = new CopyOnWriteArrayList<>();
    private volatile boolean failing;
    private volatile @Nullable Supplier<WorkerCount> workers;

    @Override
    public void onEvent(QueryEvent event) {
        events.add(event);
        if (failing) {
            throw new IllegalStateException("a listener that fails");
        }
    }

    @Override
    public void watch(Supplier<WorkerCount> supplier) {
        workers = supplier;
    }

    public void setFailing(boolean failing) {
        this.failing = failing;
    }

    public @Nullable Supplier<WorkerCount> workers() {
        return workers;
    }

    public List<QueryEvent> events() {
        return List.copyOf(events);
    }

    /** The events of one query. */
    public List<QueryEvent> of(String queryId) {
        return events.stream()
                .filter(event -> event.query().queryId().equals(queryId))
                .toList();
    }

    /** The ends of queries, in their order. */
    public List<QueryEvent.Ended> ends() {
        return events.stream()
                .filter(QueryEvent.Ended.class::isInstance)
                .map(QueryEvent.Ended.class::cast)
                .toList();
    }
}
