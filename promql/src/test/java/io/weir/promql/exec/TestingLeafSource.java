package io.weir.promql.exec;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.util.List;

/** A leaf's result written down in a test; notes how it is used. */
final class TestingLeafSource implements LeafSource {
    private final List<Labels> series;
    private final double[][] bySteps;
    private final List<Annotation> annotations;
    private int nextStep;
    private int closed;

    /**
     * @param bySteps for each step the values by series; NaN bits of the stale marker for none
     */
    TestingLeafSource(List<Labels> series, double[][] bySteps, List<Annotation> annotations) {
        this.series = series;
        this.bySteps = bySteps;
        this.annotations = annotations;
    }

    @Override
    public List<Labels> series() {
        return series;
    }

    @Override
    public void read(int step, StepVector out) {
        if (step != nextStep) {
            throw new IllegalStateException("step " + step + " read instead of " + nextStep);
        }
        nextStep++;
        out.reset(series.size());
        System.arraycopy(bySteps[step], 0, out.values(), 0, series.size());
    }

    @Override
    public List<Annotation> annotations() {
        return annotations;
    }

    @Override
    public void close() {
        closed++;
    }

    /** The same result, not read yet. */
    TestingLeafSource rewound() {
        return new TestingLeafSource(series, bySteps, annotations);
    }

    int stepsRead() {
        return nextStep;
    }

    int timesClosed() {
        return closed;
    }
}
