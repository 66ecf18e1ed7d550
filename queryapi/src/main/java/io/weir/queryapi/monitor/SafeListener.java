package io.weir.queryapi.monitor;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryListener;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A listener whose failures hurt no query: they are counted, and the first of them is logged with its stack. */
public final class SafeListener implements QueryListener {
    private static final Logger LOG = LoggerFactory.getLogger(SafeListener.class);

    private final QueryListener listener;
    private final Counter failures;
    private final AtomicBoolean logged = new AtomicBoolean();

    public SafeListener(QueryListener listener, MeterRegistry registry) {
        this.listener = listener;
        failures = Counter.builder("weir.query.listener.failures")
                .description("Events of queries that their listener failed to take; a defect")
                .register(registry);
    }

    @Override
    public void onEvent(QueryEvent event) {
        try {
            listener.onEvent(event);
        } catch (RuntimeException | LinkageError | AssertionError failure) {
            failures.increment();
            if (!logged.getAndSet(true)) {
                LOG.error("the listener of queries failed; further failures are counted only", failure);
            }
        }
    }
}
