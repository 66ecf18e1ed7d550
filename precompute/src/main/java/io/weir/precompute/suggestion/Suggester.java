package io.weir.precompute.suggestion;

import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.ValueType;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
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
import org.jspecify.annotations.Nullable;

/**
 * Which queries of a history would pay off as jobs.
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

    private static final Map<String, String> SKETCH_TYPES =
            Map.of("quantile_over_time", "ddsketch", "count_distinct_over_time", "hll", "top_k_over_time", "countmin");

    private static final int HASH_CHARACTERS = 12;

    private final SuggestionSettings settings;
    private final int ticksKept;

    /** @param ticksKept newest ticks of a job whose results are kept: so many steps of a range query can be answered */
    Suggester(SuggestionSettings settings, int ticksKept) {
        this.settings = settings;
        this.ticksKept = ticksKept;
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
        Optional<Expr> parsed = parse(group.text());
        OptionalLong granularity = granularity(group);
        if (parsed.isEmpty() || granularity.isEmpty()) {
            return Optional.empty();
        }
        String canonical = CanonicalExpression.text(parsed.get());
        if (computed.contains(canonical)) {
            return Optional.empty();
        }
        Suggestion suggestion = suggestion(group, parsed.get(), canonical, granularity.getAsLong(), toMillis);
        return suggestion.savedMillis() > 0 ? Optional.of(suggestion) : Optional.empty();
    }

    private static Suggestion suggestion(
            QueryGroup group, Expr expression, String canonical, long granularity, long toMillis) {
        double whole = group.computedMillis().orElseThrow();
        double window = Math.max(1, windowMillis(expression));
        double atOneTime = whole * window / (window + group.rangeMillis());
        Optional<String> sketchType = sketchType(expression);
        double tick = sketchType.isPresent() ? atOneTime * Math.min(1, granularity / window) : atOneTime;
        long ticks = Math.max(1, Math.ceilDiv(toMillis - group.firstMillis(), granularity));
        return new Suggestion(
                group,
                canonical,
                granularity,
                ticks,
                tick,
                sketchType.isPresent(),
                group.runs() * whole - ticks * tick,
                sketchType.orElse("exact"),
                "suggested/" + hash(canonical) + "/" + granularity + "ms");
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
    private static Optional<Expr> parse(String text) {
        try {
            Expr expression = PromqlParser.parse(text, Feature.ALL);
            boolean fits = expression.type() == ValueType.VECTOR && hasSelector(expression) && isTimeless(expression);
            return fits ? Optional.of(expression) : Optional.empty();
        } catch (QueryException e) {
            // The history cuts long texts.
            return Optional.empty();
        }
    }

    private static boolean hasSelector(Expr expression) {
        return expression instanceof Expr.VectorSelector
                || expression.children().stream().anyMatch(Suggester::hasSelector);
    }

    /** Whether it means the same at each tick: pinned to no time, and with durations that are numbers. */
    private static boolean isTimeless(Expr expression) {
        boolean own = switch (expression) {
            case Expr.VectorSelector selector -> selector.at() == null && isPast(selector.offset());
            case Expr.MatrixSelector matrix -> matrix.range() instanceof Duration.Literal;
            case Expr.Subquery subquery ->
                subquery.at() == null
                        && isPast(subquery.offset())
                        && subquery.range() instanceof Duration.Literal
                        && (subquery.step() == null || subquery.step() instanceof Duration.Literal);
            case Expr other -> true;
        };
        return own && expression.children().stream().allMatch(Suggester::isTimeless);
    }

    private static boolean isPast(@Nullable Duration offset) {
        return offset == null || (offset instanceof Duration.Literal(long millis) && millis >= 0);
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
    private static Optional<String> sketchType(Expr expression) {
        if (expression instanceof Expr.Call call
                && !call.arguments().isEmpty()
                && call.arguments().getLast() instanceof Expr.MatrixSelector matrix
                && matrix.selector().offset() == null
                && !matrix.selector().anchored()
                && (call.arguments().size() == 1 || call.arguments().getFirst() instanceof Expr.NumberLiteral)) {
            return Optional.ofNullable(SKETCH_TYPES.get(call.function().text()));
        }
        return Optional.empty();
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
