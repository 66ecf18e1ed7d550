package io.weir.promql.leaf;

import io.weir.promql.ast.Function;
import io.weir.promql.kernel.RangeKernel;
import io.weir.promql.kernel.Windows;
import io.weir.promql.series.SampleBuffer;
import java.util.Arrays;

/** A range function over a range vector selector or a subquery. */
final class RangeNode implements LeafNode {
    private final RangeKernel kernel;
    private final SampleSource source;
    private final Windows windows;
    private final Windows computed;
    private final double[][] arguments;
    private final ResultCheck check;

    /** Where the samples under the windows come from. */
    interface SampleSource {
        SampleBuffer samples(SeriesInput input);
    }

    /** Looks at a finished column, to warn. */
    interface ResultCheck {
        void check(SeriesInput input, double[] column);
    }

    RangeNode(
            Function function,
            RangeKernel kernel,
            SampleSource source,
            Windows windows,
            double[][] arguments,
            ResultCheck check) {
        this.kernel = kernel;
        this.source = source;
        this.windows = windows;
        // predict_linear predicts from the evaluation time, also if its window is fixed
        boolean once = windows.isFixed() && arguments.length == 0 && function != Function.PREDICT_LINEAR;
        this.computed = once ? windows.first() : windows;
        this.arguments = arguments;
        this.check = check;
    }

    @Override
    public void eval(SeriesInput input, double[] out) {
        SampleBuffer samples = source.samples(input);
        kernel.compute(samples.timestamps(), samples.values(), samples.size(), computed, arguments, out);
        if (computed.count() < windows.count()) {
            Arrays.fill(out, 1, windows.count(), out[0]);
        }
        check.check(input, out);
    }
}
