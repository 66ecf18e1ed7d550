package io.weir.queryapi.eval;

import io.weir.promql.annotation.Annotations;
import io.weir.promql.exec.EvalContext;
import io.weir.promql.exec.ExecNode;
import io.weir.promql.exec.ExecTree;
import io.weir.promql.exec.LeafSource;
import io.weir.promql.exec.StepVector;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.StepGrid;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.LeafWork;
import io.weir.queryapi.plan.PlannedQuery;
import io.weir.queryapi.plan.StepRange;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Runs the final evaluation of a query: waits for the leaves, opens them, and takes all of them through the same steps, so that
 * {@code A / B} is evaluated at matching timestamps. One query, one thread.
 */
final class EvalFlow {
    private final PlannedQuery planned;
    private final QueryPlan plan;
    private final WorkInbox inbox;
    private final ArtifactOpener opener;
    private final QueryLimits limits;
    private final QueryControl control;
    private final RunningQuery running;
    private final EvalProgress progress;
    private final ResultSink sink;
    private long peakValues;

    EvalFlow(
            PlannedQuery planned,
            WorkInbox inbox,
            ArtifactOpener opener,
            QueryLimits limits,
            QueryControl control,
            RunningQuery running,
            EvalProgress progress,
            ResultSink sink) {
        this.planned = planned;
        this.plan = planned.plan();
        this.inbox = inbox;
        this.opener = opener;
        this.limits = limits;
        this.control = control;
        this.running = running;
        this.progress = progress;
        this.sink = sink;
    }

    /** The most values held at once: of subqueries, of shared leaves and of the step being computed. */
    long peakValues() {
        return peakValues;
    }

    /** Evaluates the steps that were not sent to the sink yet; the annotations are added to the given ones. */
    void run(Annotations annotations) throws IOException {
        if (plan.root() instanceof PlanNode.RawRead raw) {
            try (FetchedCursors cursors = cursors(raw.leafId())) {
                running.phase(RunningQuery.Phase.EVALUATING);
                progress.firstResult();
                RawMerge.copy(cursors, limits.samplesMax(), control, sink);
                peakValues = inbox.samplesRead();
                annotations.addAll(cursors.annotations());
            }
            return;
        }
        if (plan.root() instanceof PlanNode.Text) {
            return;
        }
        for (StepRange group : planned.groups()) {
            runGroup(group, annotations);
        }
    }

    private void runGroup(StepRange group, Annotations annotations) throws IOException {
        Map<Integer, LeafSource> sources = new HashMap<>();
        try {
            running.phase(RunningQuery.Phase.WORKING);
            for (LeafWork leaf : planned.leaves()) {
                FetchedCursors cursors = cursors(leaf.leaf().id());
                sources.put(leaf.leaf().id(), open(leaf, group, cursors));
            }
            running.phase(RunningQuery.Phase.EVALUATING);
            if (group.to() > progress.nextStep()) {
                try (Trace span = Trace.current()
                        .child("evaluate")
                        .set("steps", group.to() - group.from())
                        .set("leaves", sources.size())) {
                    evaluate(group, sources, annotations);
                }
            }
        } finally {
            sources.values().forEach(LeafSource::close);
        }
    }

    private FetchedCursors cursors(int leafId) {
        return new FetchedCursors(inbox.take(leafId), opener);
    }

    private LeafSource open(LeafWork leaf, StepRange group, FetchedCursors cursors) {
        try {
            StepGrid grid = planned.groups().size() == 1 ? leaf.leaf().plan().grid() : part(group);
            return new MergeSorted(leaf.leaf().plan(), grid, cursors);
        } catch (RuntimeException e) {
            cursors.close();
            throw e;
        }
    }

    private StepGrid part(StepRange group) {
        return new StepGrid(
                plan.rootGrid().at(group.from()),
                plan.rootGrid().at(group.to() - 1),
                plan.rootGrid().stepMillis());
    }

    /** The plan on the steps of a group; the operators count steps from the start of their grid. */
    private QueryPlan partOfPlan(StepRange group) {
        return planned.groups().size() == 1
                ? plan
                : new QueryPlan(
                        plan.expression(),
                        plan.root(),
                        plan.type(),
                        plan.queryGrid(),
                        part(group),
                        plan.leaves(),
                        plan.order(),
                        plan.options());
    }

    private void evaluate(StepRange group, Map<Integer, LeafSource> sources, Annotations annotations)
            throws IOException {
        StepGrid grid = plan.rootGrid();
        EvalContext context =
                new EvalContext(planned.request().query(), annotations, limits.samplesMax(), control::check);
        try (ExecNode root =
                ExecTree.build(partOfPlan(group), id -> Objects.requireNonNull(sources.get(id)), context)) {
            sink.series(root.series());
            StepVector vector = new StepVector(root.series().size());
            for (int step = group.from(); step < group.to(); step++) {
                control.check();
                root.eval(step - group.from(), vector);
                if (step >= progress.nextStep()) {
                    sink.step(step, grid.at(step), vector);
                    progress.stepDone(step);
                }
                running.steps(step + 1, grid.count());
            }
            peakValues = Math.max(peakValues, context.samples() + vector.size());
        }
    }
}
