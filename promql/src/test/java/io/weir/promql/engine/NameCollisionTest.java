package io.weir.promql.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.Feature;
import org.junit.jupiter.api.Test;

/** Series that differ in nothing but their name and have no step in common, when the name is dropped. */
final class NameCollisionTest {
    private static final String BOTH = "{__name__=~\"early|late\"}";
    private static final long STEP_MILLIS = 60_000;

    private static QueryResult range(String query) {
        MemoryStorage storage = new MemoryStorage();
        storage.add(Labels.of("__name__", "early", "a", "1"), 0, 1);
        storage.add(Labels.of("__name__", "late", "a", "1"), 10 * STEP_MILLIS, 2);
        Engine engine = new Engine(storage, EngineOptions.of(Feature.NONE).withShards(3, Labels::hashCode));
        return engine.range(query, 0, 10 * STEP_MILLIS, STEP_MILLIS);
    }

    @Test
    void functionsOfSingleValuesJoinThem() {
        assertThat(((QueryResult.Matrix) range("abs(" + BOTH + ")")).series()).hasSize(1);
    }

    @Test
    void negationAndRangeFunctionsRefuseThem() {
        for (String query : new String[] {
            "-" + BOTH,
            "sum(-" + BOTH + ")",
            "sum_over_time(" + BOTH + "[1m])",
            "absent_over_time((-" + BOTH + ")[1h:1m])"
        }) {
            assertThatThrownBy(() -> range(query))
                    .as(query)
                    .isInstanceOf(QueryException.Execution.class)
                    .hasMessage("vector cannot contain metrics with the same labelset");
        }
    }
}
