package io.weir.eventstats.stats.http;

import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.weir.eventstats.stats.StatsMetrics;
import io.weir.eventstats.stats.read.StatsDatabaseException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer: whatever happens becomes an answer in EventGate's shape, with a correlation id, one line in the log and one count in
 * the metrics. The line holds names that are known only, nothing that a client made up.
 */
public final class StatsExchange {
    private static final Logger LOG = LoggerFactory.getLogger(StatsExchange.class);
    private static final String TOPIC = "weir.stats.topic";
    private static final String QUERY = "weir.stats.query";
    private static final String RETRY_AFTER_SECONDS = "2";

    private final StatsMetrics metrics;
    private final CorrelationIds ids;

    /** @param freshIds gives ids to requests that bring none */
    public StatsExchange(StatsMetrics metrics, Supplier<String> freshIds) {
        this.metrics = metrics;
        ids = new CorrelationIds(freshIds);
    }

    /** Answers a request. */
    @FunctionalInterface
    interface Step {
        StatsReply answer(Context context) throws StatsProblem;
    }

    /** Tells the log line of the topic. */
    static void topic(Context context, String name) {
        context.attribute(TOPIC, name);
    }

    /** Tells the log line of the query. */
    static void query(Context context, String name) {
        context.attribute(QUERY, name);
    }

    Handler handler(String route, Step step) {
        return context -> {
            long started = System.nanoTime();
            String correlationId = ids.of(name -> context.header(name));
            StatsReply reply = answer(context, step);
            context.header(CorrelationIds.HEADER, correlationId);
            reply.headers().forEach(context::header);
            context.status(reply.status()).contentType("application/json").result(reply.body());
            metrics.answered(route, reply.status());
            LOG.info(
                    "stats request method={} route={} topic={} query={} status={} duration_ms={} correlation_id={}",
                    context.method().name(),
                    route,
                    Objects.requireNonNullElse(context.<String>attribute(TOPIC), "-"),
                    Objects.requireNonNullElse(context.<String>attribute(QUERY), "-"),
                    reply.status(),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started),
                    correlationId);
        };
    }

    private static StatsReply answer(Context context, Step step) {
        try {
            return step.answer(context);
        } catch (StatsProblem e) {
            return StatsReply.of(e);
        } catch (StatsDatabaseException e) {
            return StatsReply.of(ofDatabase(e));
        } catch (RuntimeException e) {
            LOG.error("a request to statistics failed", e);
            return StatsReply.of(new StatsProblem(500, "internal", "Unexpected server error."));
        }
    }

    private static StatsProblem ofDatabase(StatsDatabaseException e) {
        String message = Objects.requireNonNullElse(e.getMessage(), "Stats query failed.");
        return switch (e.reason()) {
            case BUSY, DOWN, EXHAUSTED ->
                new StatsProblem(503, "database", message, Map.of("Retry-After", RETRY_AFTER_SECONDS));
            case TIMEOUT -> new StatsProblem(504, "database", message);
            case FAILED -> new StatsProblem(500, "database", message);
        };
    }
}
