package io.weir.precompute.router;

import io.weir.precompute.job.Job;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.ResultDirectory.JobResults;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.ResultVector.Element;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.router.Candidates.Answered;
import io.weir.precompute.router.Candidates.Candidate;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.Annotations;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.ValueType;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.spi.PrecomputedAnswers.Bounds;
import io.weir.queryapi.spi.PrecomputedAnswers.Question;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether and how the results in a directory answer a question. Pure but for the directory, which changes under it: each job's ticks are looked at
 * once.
 *
 * <p>A query is only ever answered whole, by one job: of the same tenant, the same canonical expression (or another quantile of the same selector
 * and window), with a fresh tick of full coverage for its time or for each of its steps. Anything else goes to the data.
 */
final class Routing {
    private final Candidates candidates;
    private final Freshness freshness;

    Routing(ResultDirectory directory, Freshness freshness) {
        this.candidates = new Candidates(directory);
        this.freshness = freshness;
    }

    /** What came of a question. */
    sealed interface Outcome {}

    /**
     * It is answered.
     *
     * @param newest of the ticks that answer
     * @param annotations of all of them
     */
    record Found(
            Job job,
            TickResult newest,
            @Nullable Double rank,
            ErrorBound bound,
            List<Series> series,
            List<Annotation> annotations)
            implements Outcome {}

    /** It is not. @param text for people */
    record Missing(MissReason reason, String text) implements Outcome {}

    Outcome route(Question question) {
        Expr expression = question.expression();
        if (expression.type() != ValueType.VECTOR) {
            return new Missing(
                    MissReason.TYPE,
                    "only instant vectors are computed before, and this is of type "
                            + expression.type().text());
        }
        List<Candidate> found = candidates.find(question.tenant(), expression);
        if (found.isEmpty()) {
            return new Missing(MissReason.NO_JOB, "no job computes this query");
        }
        if (question.lookbackMillis() != question.lookbackMillisDefault() && looksBack(expression)) {
            return new Missing(
                    MissReason.LOOKBACK,
                    "jobs look back " + question.lookbackMillisDefault() + " ms for samples, and this query says "
                            + question.lookbackMillis() + " ms");
        }
        Missing first = null;
        for (Candidate candidate : found) {
            switch (route(candidate, question)) {
                case Found answered -> {
                    return answered;
                }
                case Missing missing -> first = first == null ? missing : first;
            }
        }
        return first == null ? new Missing(MissReason.NO_JOB, "no job computes this query") : first;
    }

    private Outcome route(Candidate candidate, Question question) {
        return question.range()
                ? range(candidate, question.grid(), question.bounds())
                : instant(candidate, question.grid());
    }

    /** Whether the lookback matters: for selectors without a range, and for those that reach beyond theirs. */
    private static boolean looksBack(Expr expression) {
        return switch (expression) {
            case Expr.VectorSelector selector -> true;
            case Expr.MatrixSelector matrix ->
                matrix.selector().anchored() || matrix.selector().smoothed();
            case Expr other -> other.children().stream().anyMatch(Routing::looksBack);
        };
    }

    private Outcome instant(Candidate candidate, StepGrid grid) {
        JobResults results = candidate.results();
        long time = grid.startMillis();
        TickResult tick = freshness.at(results.job(), results.ticks(), time);
        if (tick == null) {
            return noTick(results, time);
        }
        Optional<Answered> answered = candidate.of(tick);
        if (answered.isEmpty()) {
            return noSketches(results.job(), tick);
        }
        ResultVector vector = answered.get().vector();
        List<Element> elements = vector.elements();
        List<Series> series = new ArrayList<>(elements.size());
        for (Element element : elements) {
            series.add(new Series(element.labels(), new double[] {element.value()}));
        }
        return new Found(results.job(), tick, candidate.rank(), answered.get().bound(), series, vector.annotations());
    }

    /** Looks for everything that may be missing, and at how large the answer is, before it takes memory for it. */
    private Outcome range(Candidate candidate, StepGrid grid, Bounds bounds) {
        JobResults results = candidate.results();
        Job job = results.job();
        long granularity = job.spec().granularityMillis();
        if (grid.stepMillis() % granularity != 0) {
            return new Missing(
                    MissReason.STEP,
                    "the step of " + grid.stepMillis() + " ms is no multiple of the granularity of job " + job.jobId()
                            + ", " + granularity + " ms");
        }
        int steps = grid.count();
        List<TickResult> ticks = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            TickResult tick = freshness.at(job, results.ticks(), grid.at(step));
            if (tick == null) {
                return noTick(results, grid.at(step));
            }
            ticks.add(tick);
        }
        List<Answered> answers = new ArrayList<>(steps);
        RangeSize size = new RangeSize(steps);
        for (TickResult tick : ticks) {
            Optional<Answered> answered = candidate.of(tick);
            if (answered.isEmpty()) {
                return noSketches(job, tick);
            }
            size.add(answered.get().vector());
            if (size.exceeds(bounds)) {
                return new Missing(MissReason.LIMIT, size.text(job));
            }
            answers.add(answered.get());
        }
        return found(candidate, ticks.getLast(), answers);
    }

    private static Found found(Candidate candidate, TickResult newest, List<Answered> answers) {
        Map<Labels, double[]> columns = new TreeMap<>();
        ErrorBound bound = new ErrorBound.Exact();
        Annotations annotations = new Annotations();
        for (int step = 0; step < answers.size(); step++) {
            ResultVector vector = answers.get(step).vector();
            annotations.addAll(vector.annotations());
            for (Element element : vector.elements()) {
                columns.computeIfAbsent(element.labels(), labels -> empty(answers.size()))[step] = element.value();
            }
            bound = widerOf(bound, answers.get(step).bound());
        }
        List<Series> series = new ArrayList<>(columns.size());
        columns.forEach((labels, values) -> series.add(new Series(labels, values)));
        return new Found(candidate.results().job(), newest, candidate.rank(), bound, series, annotations.list());
    }

    /** Of bounds of one kind the wider one; what is not exact is wider than what is. */
    private static ErrorBound widerOf(ErrorBound one, ErrorBound other) {
        return amount(one) > amount(other) ? one : other;
    }

    private static double amount(ErrorBound bound) {
        return switch (bound) {
            case ErrorBound.Exact() -> -1;
            case ErrorBound.Relative(double share) -> share;
            case ErrorBound.StandardError(double share) -> share;
            case ErrorBound.Absolute(double amount) -> amount;
            case ErrorBound.OfSample(double probability, ErrorBound within) -> amount(within);
        };
    }

    private static double[] empty(int steps) {
        double[] values = new double[steps];
        Arrays.fill(values, StaleMarker.VALUE);
        return values;
    }

    private static Missing noTick(JobResults results, long timeMillis) {
        String job = "job " + results.job().jobId();
        List<TickResult> ticks = results.ticks();
        String has = ticks.isEmpty()
                ? job + " has no result yet"
                : job + " has " + ticks.size() + " ticks from "
                        + Instant.ofEpochMilli(ticks.getFirst().evalMillis()) + " to "
                        + Instant.ofEpochMilli(ticks.getLast().evalMillis()) + ", "
                        + results.job().spec().granularityMillis() + " ms apart";
        return new Missing(MissReason.TIME, "no fresh result for " + Instant.ofEpochMilli(timeMillis) + ": " + has);
    }

    private static Missing noSketches(Job job, TickResult tick) {
        return new Missing(
                MissReason.SKETCHES,
                "job " + job.jobId() + " computes another quantile of the same window, but its sketches of "
                        + Instant.ofEpochMilli(tick.evalMillis()) + " are not kept or do not tell this one");
    }
}
