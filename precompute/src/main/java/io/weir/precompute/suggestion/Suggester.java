package io.weir.precompute.suggestion;

import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.job.SketchFunction;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.plan.PlanOptions;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Which queries of a history would pay off as jobs, and would be taken if they were sent.
 *
 * <p>A query is suggested if it is repeated often enough, no job computes it, and its runs cost more than the ticks of a job would have. A tick of an
 * expression costs what the whole query costs at one time. A tick of a function of sketches reads only its granularity's part of the window, as the
 * lake keeps the parts before. A range query of r ms reads r + w ms for a window of w, and a tick of it w of these.
 */
final class Suggester {
    /** Granularities of jobs for instant queries. */
    private static final long[] GRANULARITIES_MILLIS = {
        1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000
    };

    /** Longest granularity that a job may have. */
    private static final long GRANULARITY_MILLIS_MAX = 86_400_000;

    /** What a request may ask for does not depend on who asks. */
    private static final String ANY_TENANT = "default";

    private static final int HASH_CHARACTERS = 12;

    private final SuggestionSettings settings;
    private final int ticksKept;
    private final JobRequests requests;

    /**
     * @param ticksKept newest ticks of a job whose results are kept: so many steps of a range query can be answered
     * @param requests says what can be a job
     */
    Suggester(SuggestionSettings settings, int ticksKept, JobRequests requests) {
        this.settings = settings;
        this.ticksKept = ticksKept;
        this.requests = requests;
    }

    /**
     * The suggestions, the one that saves most first; one for each query and granularity.
     *
     * @param computed canonical texts of the queries that jobs compute
     * @param toMillis end of the history
     */
    List<Suggestion> suggest(List<QueryGroup> groups, Set<String> computed, long toMillis) {
        Map<String, Suggestion> best = new HashMap<>();
        for (QueryGroup group : groups) {
            suggest(group, computed, toMillis)
                    .ifPresent(found -> best.merge(
                            found.storePath(),
                            found,
                            (one, other) -> one.savedMillis() >= other.savedMillis() ? one : other));
        }
        return best.values().stream()
                .sorted(Comparator.comparingDouble(Suggestion::savedMillis)
                        .reversed()
                        .thenComparing(Suggestion::storePath))
                .limit(settings.suggestionsMax())
                .toList();
    }

    private Optional<Suggestion> suggest(QueryGroup group, Set<String> computed, long toMillis) {
        if (group.runs() < settings.occurrencesMin()
                || group.computedMillis().isEmpty()
                || !(group.repetitionMillis() <= settings.repetitionMillisMax())) {
            return Optional.empty();
        }
        Optional<JobQuery> query = query(group.text());
        OptionalLong granularity = granularity(group);
        if (query.isEmpty()
                || granularity.isEmpty()
                || computed.contains(query.get().canonical())) {
            return Optional.empty();
        }
        Suggestion suggestion = suggestion(group, query.get(), granularity.getAsLong(), toMillis);
        boolean paysOff = suggestion.savedMillis() > 0;
        return paysOff && isTaken(suggestion, toMillis) ? Optional.of(suggestion) : Optional.empty();
    }

    private static Suggestion suggestion(QueryGroup group, JobQuery query, long granularity, long toMillis) {
        double whole = group.computedMillis().orElseThrow();
        double window = Math.max(1, windowMillis(query.expression()));
        double atOneTime = whole * window / (window + group.rangeMillis());
        Optional<String> sketchType = sketchType(query);
        double tick = sketchType.isPresent() ? atOneTime * Math.min(1, granularity / window) : atOneTime;
        long ticks = Math.max(1, Math.ceilDiv(toMillis - group.firstMillis(), granularity));
        return new Suggestion(
                group,
                query.canonical(),
                granularity,
                ticks,
                tick,
                sketchType.isPresent(),
                group.runs() * whole - ticks * tick,
                sketchType.orElse("exact"),
                "suggested/" + hash(query.canonical()) + "/" + granularity + "ms");
    }

    /** For a range query its step, if its steps are among those that are kept; else the next round one above its repetition. */
    private OptionalLong granularity(QueryGroup group) {
        if (group.kind().equals("instant")) {
            double wanted = Math.max(settings.granularityMillisMin(), group.repetitionMillis());
            return LongStream.of(GRANULARITIES_MILLIS)
                    .filter(millis -> millis >= wanted)
                    .findFirst();
        }
        long step = group.stepMillis();
        boolean fits = step >= settings.granularityMillisMin()
                && step <= GRANULARITY_MILLIS_MAX
                && group.rangeMillis() / step + 1 <= ticksKept;
        return fits ? OptionalLong.of(step) : OptionalLong.empty();
    }

    /** Empty for what cannot be a job. */
    private Optional<JobQuery> query(String text) {
        try {
            return Optional.of(requests.query(text));
        } catch (QueryException e) {
            // That is the answer; of long texts the history has the beginning only.
            return Optional.empty();
        }
    }

    /** Whether the request would be taken as it is: its granularity and its source, too. */
    private boolean isTaken(Suggestion suggestion, long nowMillis) {
        try {
            JobRequests.Request ignored = requests.read(ANY_TENANT, suggestion.request(), nowMillis);
            return true;
        } catch (QueryException e) {
            return false;
        }
    }

    private static double windowMillis(Expr expression) {
        double below = expression.children().stream()
                .mapToDouble(Suggester::windowMillis)
                .max()
                .orElse(0);
        return switch (expression) {
            case Expr.VectorSelector selector -> PlanOptions.LOOKBACK_MILLIS_DEFAULT;
            case Expr.MatrixSelector matrix -> matrix.range().millis();
            case Expr.Subquery subquery -> below + subquery.range().millis();
            case Expr other -> below;
        };
    }

    /** The sketch that answers it; empty if none does, so that each tick computes it exactly. */
    private static Optional<String> sketchType(JobQuery query) {
        return switch (query) {
            case JobQuery.OfSketch sketch ->
                Optional.of(
                        switch (sketch.function()) {
                            case SketchFunction.Quantile quantile -> "ddsketch";
                            case SketchFunction.CountDistinct distinct -> "hll";
                            case SketchFunction.Top top -> "countmin";
                        });
            case JobQuery.OfExpression expression -> Optional.empty();
        };
    }

    private static String hash(String canonical) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(canonical.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, HASH_CHARACTERS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
