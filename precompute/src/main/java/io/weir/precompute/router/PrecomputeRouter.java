package io.weir.precompute.router;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.job.Job;
import io.weir.precompute.metrics.FeedbackMetrics;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.router.Routing.Found;
import io.weir.precompute.router.Routing.Missing;
import io.weir.queryapi.spi.PrecomputedAnswers;
import java.time.Clock;
import java.util.function.ToLongFunction;

/** Answers the queries of users from the results of jobs, and counts each of them once: as a hit or as a miss. */
public final class PrecomputeRouter implements PrecomputedAnswers {
    private final Routing routing;
    private final ResultDirectory directory;
    private final FeedbackMetrics feedback;
    private final RouterMetrics metrics;
    private final HitObserver observer;
    private final Clock clock;

    /**
     * @param delayMillis how long after its time a job's tick starts
     * @param observer told of the hits
     */
    public PrecomputeRouter(
            RouterSettings settings,
            ToLongFunction<Job> delayMillis,
            ResultDirectory directory,
            FeedbackMetrics feedback,
            MeterRegistry registry,
            HitObserver observer,
            Clock clock) {
        this.routing =
                new Routing(directory, new Freshness(job -> delayMillis.applyAsLong(job) + settings.graceMillis()));
        this.directory = directory;
        this.feedback = feedback;
        this.metrics = new RouterMetrics(registry);
        this.observer = observer;
        this.clock = clock;
    }

    @Override
    public Answer look(Question question) {
        return switch (routing.route(question)) {
            case Found found -> hit(found);
            case Missing missing -> new Miss(missing.text() + nearest(question, missing));
        };
    }

    private String nearest(Question question, Missing missing) {
        if (missing.reason() != MissReason.NO_JOB) {
            return "";
        }
        return NearestJob.explain(question.expression(), directory.jobs(question.tenant()))
                .map(text -> "; " + text)
                .orElse("");
    }

    @Override
    public Answer answer(Question question) {
        return switch (routing.route(question)) {
            case Found found -> {
                Hit hit = hit(found);
                feedback.hit();
                directory.countHit(hit.jobId());
                metrics.hit(found.rank() != null, hit.ageMillis());
                observer.onHit(new HitObserver.Observed(
                        found.job(),
                        question.expression(),
                        found.bound(),
                        found.newest().evalMillis(),
                        hit.series()));
                yield hit;
            }
            case Missing missing -> {
                feedback.miss();
                metrics.miss(missing.reason());
                yield new Miss(missing.text());
            }
        };
    }

    private Hit hit(Found found) {
        long newest = found.newest().evalMillis();
        return new Hit(
                found.job().jobId(),
                newest,
                clock.millis() - newest,
                found.bound().text(),
                found.series(),
                found.annotations());
    }
}
