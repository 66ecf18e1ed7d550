package io.weir.promql.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafLimits;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.plan.Leaf;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.plan.Pushdown;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.plan.QueryPlanner;
import io.weir.promql.series.StepGrid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where top_k_over_time is evaluated, and what stops it when it yields too much. */
final class TopValuesTest {
    private static final int SAMPLES = 2_000;

    private static MemoryStorage manyValues() {
        MemoryStorage storage = new MemoryStorage();
        double[] values = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            values[i] = i;
        }
        for (int i = 0; i < SAMPLES; i++) {
            storage.add(Labels.of("__name__", "m", "a", "1"), i * 1_000L, values[i]);
        }
        for (long minute = 0; minute <= 10; minute++) {
            storage.add(Labels.of("__name__", "k"), minute * 60_000, 1e9);
        }
        return storage;
    }

    @ParameterizedTest
    @ValueSource(strings = {"top_k_over_time(1e9, m[1h])", "top_k_over_time(scalar(k), m[1h])"})
    void aResultThatIsTooLargeIsRefusedByNameOfTheLimit(String query) {
        EngineOptions options = EngineOptions.of(Feature.NONE);
        Engine narrow = new Engine(
                manyValues(),
                new EngineOptions(
                        options.plan(), options.features(), new LeafLimits(100_000, 5_000), 5_000, 1, labels -> 0));
        assertThatThrownBy(() -> narrow.range(query, 0, 600_000, 60_000))
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageMatching(".*setting(s)? (worker-executor-result-cells-max|query-samples-max).*");
        Engine wide = new Engine(manyValues(), options);
        assertThat(((QueryResult.Matrix) wide.range(query, 0, 600_000, 60_000)).series())
                .hasSizeGreaterThan(300);
    }

    @Test
    void itIsALeafWithNothingOnTop() {
        QueryPlan plan = plan("sum by (item) (top_k_over_time(2, m[5m]) * 2)", Pushdown.FULL);
        assertThat(plan.leaves()).hasSize(1);
        Leaf leaf = plan.leaves().getFirst();
        assertThat(leaf.kind()).isEqualTo(Leaf.Kind.STEP_VALUES);
        assertThat(leaf.plan().aggregate()).isNull();
        assertThat(leaf.plan().expression().toString()).startsWith("Call[function=TOP_K_OVER_TIME");
        assertThat(plan.root()).isInstanceOf(PlanNode.Aggregation.class);
    }

    @Test
    void itIsALeafOverASubqueryOfOneSelectorToo() {
        String query = "top_k_over_time(2, rate(m[5m])[1h:1m])";
        assertThat(plan(query, Pushdown.FULL).root()).isInstanceOf(PlanNode.LeafRead.class);
        assertThat(plan(query, Pushdown.SELECTORS_ONLY).root()).isInstanceOf(PlanNode.SubqueryCall.class);
    }

    @Test
    void aNumberThatDependsOnDataBringsTheSamples() {
        QueryPlan plan = plan("top_k_over_time(scalar(k), m[5m])", Pushdown.FULL);
        assertThat(plan.root()).isInstanceOf(PlanNode.RangeCall.class);
        assertThat(plan.leaves()).anyMatch(leaf -> leaf.kind() == Leaf.Kind.RAW_SAMPLES);
    }

    @Test
    void countDistinctIsPushedUnderAnAggregation() {
        QueryPlan plan = plan("sum by (a) (count_distinct_over_time(m[5m]) * 2)", Pushdown.FULL);
        assertThat(plan.root()).isInstanceOf(PlanNode.LeafRead.class);
        assertThat(plan.leaves().getFirst().plan().aggregate()).isNotNull();
    }

    private static QueryPlan plan(String query, Pushdown pushdown) {
        return QueryPlanner.plan(
                PromqlParser.parse(query, Feature.NONE),
                new StepGrid(0, 600_000, 60_000),
                PlanOptions.DEFAULT.withPushdown(pushdown));
    }
}
