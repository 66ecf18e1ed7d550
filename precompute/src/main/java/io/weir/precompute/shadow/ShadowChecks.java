package io.weir.precompute.shadow;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.router.HitObserver;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes a sampled share of the answers from results again, exactly, one after another in the background, and tells how far off they were.
 *
 * <p>Only jobs over the lake are checked: what other sources have, the lake need not have. Samples that came after the tick count as errors, as
 * users would see them.
 */
public final class ShadowChecks implements HitObserver, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShadowChecks.class);

    private final ShadowSettings settings;
    private final DoubleSupplier random;
    private final BlockingQueue<Observed> waiting;
    private final ShadowMetrics metrics;
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();

    /** @param random 0 to below 1, from any thread */
    public ShadowChecks(ShadowSettings settings, MeterRegistry registry, DoubleSupplier random) {
        this.settings = settings;
        this.random = random;
        this.waiting = new ArrayBlockingQueue<>(settings.queueMax());
        this.metrics = new ShadowMetrics(registry, waiting::size);
    }

    @Override
    public void onHit(Observed observed) {
        boolean chosen =
                observed.job().spec().source() instanceof SourceAddress.Lake && random.getAsDouble() < settings.share();
        if (chosen && !waiting.offer(observed)) {
            metrics.count(ShadowMetrics.DROPPED);
        }
    }

    /** Starts to check; what was chosen before waits. Once. */
    public void begin(BackgroundQueries queries) {
        Thread checks = Thread.ofVirtual().name("weir-precompute-shadow").unstarted(() -> run(queries));
        if (!thread.compareAndSet(null, checks)) {
            throw new IllegalStateException("begun before");
        }
        checks.start();
    }

    private void run(BackgroundQueries queries) {
        try {
            while (!Thread.interrupted()) {
                check(queries, waiting.take());
            }
        } catch (InterruptedException e) {
            LOG.debug("the checks of precomputed answers end");
        }
    }

    private void check(BackgroundQueries queries, Observed observed) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.durationMillisMax());
        String tenant = observed.job().spec().tenant();
        try {
            ExactAnswer exact = ExactAnswer.of(
                    queries, tenant, observed.expression(), observed.tickMillis(), deadline, settings.groupsMax());
            Comparison comparison = Comparison.of(
                    answered(observed), exact.values(), observed.bound(), exact.isPart(), isTop(observed));
            metrics.compared(function(observed), comparison);
            if (comparison.outcome() != Comparison.Outcome.WITHIN) {
                LOG.info(
                        "an answer from precomputed results is {} the exact one: job={} tick={} tenant={} bound={}",
                        comparison.outcome() == Comparison.Outcome.BEYOND
                                ? "beyond its bound of"
                                : "of other series than",
                        observed.job().jobId(),
                        observed.tickMillis(),
                        tenant,
                        observed.bound().text());
            }
        } catch (QueryException e) {
            metrics.count(ShadowMetrics.FAILED);
            LOG.info(
                    "job {}: an answer could not be checked: {}", observed.job().jobId(), e.getMessage());
        } catch (RuntimeException e) {
            // One that cannot be checked must not end the checks of all others.
            metrics.count(ShadowMetrics.FAILED);
            LOG.warn("job {}: the check of an answer failed", observed.job().jobId(), e);
        }
    }

    /** The values of the newest tick: the last ones. */
    private static Map<Labels, Double> answered(Observed observed) {
        Map<Labels, Double> values = HashMap.newHashMap(observed.series().size());
        for (Series series : observed.series()) {
            double last = series.values()[series.values().length - 1];
            if (!StaleMarker.is(last)) {
                values.put(series.labels(), last);
            }
        }
        return values;
    }

    private static String function(Observed observed) {
        return observed.job().spec().query() instanceof JobQuery.OfSketch sketch
                ? sketch.function().functionName()
                : ShadowMetrics.EXPRESSION;
    }

    private static boolean isTop(Observed observed) {
        return observed.job().spec().query() instanceof JobQuery.OfSketch sketch
                && sketch.function() instanceof SketchFunction.Top;
    }

    /** Ends the running check and all that wait. */
    @Override
    public void close() {
        Thread checks = thread.get();
        if (checks == null) {
            return;
        }
        checks.interrupt();
        try {
            boolean ended = checks.join(Duration.ofSeconds(1));
            if (!ended) {
                LOG.warn("a check of a precomputed answer has not ended within a second");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
