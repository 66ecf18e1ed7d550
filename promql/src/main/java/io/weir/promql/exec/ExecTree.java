package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import io.weir.promql.plan.QueryPlan;
import java.util.List;
import java.util.function.Function;

/**
 * The operators of one evaluation. Steps are asked for in ascending order, each once, from 0 to before
 * {@code plan.rootGrid().count()}.
 *
 * <p>Making the tree asks every leaf for its series; count_values also reads all of its input then. Closing the tree closes the
 * leaf sources.
 */
public final class ExecTree implements ExecNode {
    private final ExecNode root;

    private ExecTree(ExecNode root) {
        this.root = root;
    }

    /**
     * The tree of a plan whose type is scalar, vector, or matrix because of a subquery; a range vector selector and a string have
     * nothing to evaluate.
     *
     * @param sources the leaves' results by leaf id; asked once for each leaf. What it gave is closed if this method fails
     * @throws io.weir.promql.error.QueryException if the query cannot be evaluated on these leaves
     * @throws IllegalArgumentException if the plan is a range vector selector or a string
     */
    public static ExecTree build(QueryPlan plan, Function<Integer, LeafSource> sources, EvalContext context) {
        return new ExecTree(new TreeBuilder(plan, sources, context).build());
    }

    /** The label sets of the result, unique; a scalar is one without labels. Some may have no sample at any step. */
    @Override
    public List<Labels> series() {
        return root.series();
    }

    @Override
    public void eval(int step, StepVector out) {
        root.eval(step, out);
    }

    @Override
    public void close() {
        root.close();
    }
}
