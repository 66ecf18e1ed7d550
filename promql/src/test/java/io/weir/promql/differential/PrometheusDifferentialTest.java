package io.weir.promql.differential;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.promql.engine.Engine;
import io.weir.promql.engine.EngineOptions;
import io.weir.promql.engine.MemoryStorage;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.Feature;
import io.weir.promql.plan.Pushdown;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Evaluates queries here and in a real Prometheus, whose programs ({@code prometheus} and {@code promtool}) must be on PATH.
 *
 * <p>The reference of this project is Prometheus 3.14; what differs from an older program is listed in {@link KnownDifference}.
 */
@Tag("slow")
final class PrometheusDifferentialTest {
    private static final long SEED = Long.getLong("weir.seed", 42);
    private static final int QUERIES = Integer.getInteger("weir.differential.queries", 8_000);
    private static final int BROKEN_QUERIES = QUERIES / 2;
    private static final long TABLE_MILLIS = DifferentialData.START_MILLIS + 2_520_000;
    private static final double EXCLUDED_SHARE_MAX = 0.02;
    /* Broken texts meet what has changed in the grammar much more often than queries do. */
    private static final double EXCLUDED_BROKEN_SHARE_MAX = 0.15;
    private static final int REPORTED_MAX = Integer.getInteger("weir.differential.reported", 40);

    @TempDir
    private static Path folder = Path.of("");

    private static @Nullable TestingPrometheus running;

    private static MemoryStorage storage = new MemoryStorage();

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        System.out.println("seed=" + SEED);
        DifferentialData data = DifferentialData.random(SEED);
        storage = data.storage();
        running = TestingPrometheus.start(folder, data.openMetrics());
        running.write(data.remoteWrite());
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (running != null) {
            running.close();
        }
    }

    /** Counts of one test's comparisons. */
    private static final class Tally {
        private final Map<String, Integer> counts = new TreeMap<>();
        private final List<String> failures = new ArrayList<>();
        private int compared;

        void count(String what) {
            counts.merge(what, 1, Integer::sum);
        }
    }

    /** A query and when it is asked; no step means at one time. */
    private record Question(String query, long startMillis, long endMillis, long stepMillis) {
        boolean isInstant() {
            return stepMillis == 0;
        }

        @Override
        public String toString() {
            return query
                    + (isInstant()
                            ? " at " + startMillis
                            : " from " + startMillis + " to " + endMillis + " step " + stepMillis);
        }
    }

    @Test
    void randomQueriesHaveTheAnswersOfPrometheus() throws IOException, InterruptedException {
        Random random = new Random(SEED);
        DifferentialQueries queries = new DifferentialQueries(random);
        Tally tally = new Tally();
        for (int i = 0; i < QUERIES; i++) {
            compare(question(random, queries.query()), random, tally);
        }
        judge(tally, EXCLUDED_SHARE_MAX);
    }

    /** Texts that are almost queries: a token removed, doubled, exchanged or replaced. */
    @Test
    void brokenQueriesHaveTheErrorsOfPrometheus() throws IOException, InterruptedException {
        Random random = new Random(SEED + 1);
        DifferentialQueries queries = new DifferentialQueries(random);
        Tally tally = new Tally();
        for (int i = 0; i < BROKEN_QUERIES; i++) {
            String query = BrokenQueries.from(queries.query(), random);
            compare(new Question(query, TABLE_MILLIS, TABLE_MILLIS, 0), random, tally);
        }
        judge(tally, EXCLUDED_BROKEN_SHARE_MAX);
    }

    @Test
    void tableOfQueriesHasTheAnswersOfPrometheus() throws IOException, InterruptedException {
        Random random = new Random(SEED + 2);
        Tally tally = new Tally();
        for (String query : DifferentialTable.queries()) {
            compare(new Question(query, TABLE_MILLIS, TABLE_MILLIS, 0), random, tally);
            compare(new Question(query, TABLE_MILLIS, TABLE_MILLIS + 1_500_000, 97_000), random, tally);
        }
        judge(tally, EXCLUDED_SHARE_MAX);
    }

    private static Question question(Random random, String query) {
        long start = DifferentialData.START_MILLIS
                + random.nextInt((int) DifferentialData.LENGTH_MILLIS / 1000) * 1000L
                + (random.nextInt(4) == 0 ? 250 : 0);
        if (random.nextInt(3) > 0) {
            return new Question(query, start, start, 0);
        }
        long step = (1 + random.nextInt(120)) * 1000L;
        return new Question(query, start, start + random.nextInt(40) * step + random.nextInt(1000), step);
    }

    private static void compare(Question question, Random random, Tally tally)
            throws IOException, InterruptedException {
        TestingPrometheus prometheus = Objects.requireNonNull(running);
        Answer expected = question.isInstant()
                ? prometheus.instant(question.query, question.startMillis)
                : prometheus.range(question.query, question.startMillis, question.endMillis, question.stepMillis);
        EngineOptions options = EngineOptions.of(Feature.NONE);
        int shards = 1 + random.nextInt(7);
        Answer pushed = answer(question, options.withShards(shards, Labels::hashCode));
        Answer central = answer(question, options.withPushdown(Pushdown.SELECTORS_ONLY));
        tally.count(
                expected.isError()
                        ? "~ errors"
                        : expected.rows().isEmpty() ? "~ empty answers" : "~ answers with series");
        judge(question, expected, pushed, "pushed to " + shards + " shards", tally);
        judge(question, expected, central, "central", tally);
    }

    private static Answer answer(Question question, EngineOptions options) {
        Engine engine = new Engine(storage, options);
        try {
            return Answer.of(
                    question.isInstant()
                            ? engine.instant(question.query, question.startMillis)
                            : engine.range(
                                    question.query, question.startMillis, question.endMillis, question.stepMillis));
        } catch (QueryException e) {
            return Answer.error(String.valueOf(e.getMessage()));
        }
    }

    private static void judge(Question question, Answer expected, Answer actual, String engine, Tally tally) {
        tally.compared++;
        boolean isOrdered = !question.isInstant() || isOrdering(question.query);
        Optional<String> difference = AnswerComparer.difference(expected, actual, isOrdered);
        if (difference.isEmpty()) {
            return;
        }
        Optional<KnownDifference> known = KnownDifference.explaining(question.query, expected, actual);
        if (known.isPresent()) {
            tally.count(known.get() + ": " + known.get().reason());
            return;
        }
        tally.count("! different");
        tally.failures.add(question + " (" + engine + "): " + difference.get() + "\n    prometheus: " + expected.brief()
                + "\n    here: " + actual.brief());
    }

    private static boolean isOrdering(String query) {
        return query.matches("(?s)(sort|sort_desc|topk|bottomk)\\b.*");
    }

    private static void judge(Tally tally, double excludedShareMax) {
        System.out.println("compared " + tally.compared);
        tally.counts.forEach((what, count) -> System.out.println("  " + count + " " + what));
        tally.failures.stream().limit(REPORTED_MAX).forEach(failure -> System.out.println("DIFFERENT " + failure));
        int excluded = tally.counts.entrySet().stream()
                .filter(entry ->
                        !entry.getKey().startsWith("~") && !entry.getKey().startsWith("!"))
                .mapToInt(Map.Entry::getValue)
                .sum();
        assertThat(tally.failures).as("differences, seed=%s", SEED).isEmpty();
        assertThat((double) excluded / tally.compared)
                .as("share of known differences")
                .isLessThan(excludedShareMax);
    }
}
