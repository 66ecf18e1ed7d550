package io.weir.promql.kernel;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.GoFormat;
import io.weir.promql.function.Quantiles;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.GoText;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import java.util.EnumSet;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A call of a range function, evaluated series by series: takes the kernel that a series needs, and tells what Prometheus tells about the
 * series and the result. Keeps scratch memory and belongs to one thread.
 */
public final class RangeFunction {
    /**
     * Where Prometheus says that a remark about a subquery belongs: it replaces subqueries by their results, which have no place in the text.
     */
    private static final PositionRange SUBQUERY = PositionRange.QUERY_START;

    private final Function function;
    private final RangeKernel floats;
    private final RangeExtension extension;
    private final RangeOptions options;
    private final double[][] arguments;
    private final Windows computed;
    private final Windows windows;
    private final PositionRange position;
    private final Consumer<Annotation> annotations;
    private final boolean usesStartTimestamps;
    private final Checkpoint checkpoint;
    private final EnumSet<RangeRemark> remarks = EnumSet.noneOf(RangeRemark.class);
    private @Nullable SampleKernel samplesKernel;
    private String metricName = "";
    private double warnedQuantile = 0.5;

    /**
     * A call.
     *
     * @param arguments the function's scalar arguments, each with one value per step of the windows
     * @param extension how the selector reaches beyond its range; none for a subquery
     * @param checkpoint asked now and then inside of the work on a series
     * @throws QueryException.Unsupported if it is no range function of one series
     * @throws QueryException.Execution if the function does not take such a selector
     */
    public RangeFunction(
            Expr.Call call,
            Windows windows,
            double[][] arguments,
            RangeExtension extension,
            RangeOptions options,
            Consumer<Annotation> annotations,
            Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.function = call.function();
        this.floats = RangeKernels.of(function)
                .orElseThrow(() -> new QueryException.Unsupported(
                        "function " + function.text() + " over a range vector is not supported"));
        this.windows = windows;
        // predict_linear predicts from the evaluation time, also if its window is fixed
        boolean once = windows.isFixed() && arguments.length == 0 && function != Function.PREDICT_LINEAR;
        this.computed = once ? windows.first() : windows;
        this.arguments = arguments;
        this.extension = extension;
        this.options = options;
        this.annotations = annotations;
        Expr first = withoutParentheses(call.arguments().getFirst());
        this.position = first instanceof Expr.Subquery ? SUBQUERY : first.position();
        this.usesStartTimestamps = options.startTimestamps() && SampleKernels.readsStartTimestamps(function);
        if (floats instanceof WindowFunction windowed) {
            windowed.setCheckpoint(checkpoint);
        }
        if (!extension.isNone()) {
            samplesKernel = samplesKernel();
        }
    }

    private SampleKernel samplesKernel() {
        SampleKernel kernel = SampleKernels.of(function, floats, extension, usesStartTimestamps);
        if (kernel instanceof SampleWindowFunction windowed) {
            windowed.setCheckpoint(checkpoint);
        }
        return kernel;
    }

    private static Expr withoutParentheses(Expr expression) {
        Expr inner = expression;
        while (inner instanceof Expr.Parenthesized parenthesized) {
            inner = parenthesized.expression();
        }
        return inner;
    }

    /**
     * Computes all steps of one series.
     *
     * @param labels of the range vector's series; without a name if it has lost it
     * @param samples without staleness markers
     * @param out receives one sample per step; the stale marker where there is no result
     */
    public void eval(Labels labels, SampleBuffer samples, Column out) {
        out.clearHistograms();
        boolean plain = extension.isNone()
                && !samples.hasHistograms()
                && !(usesStartTimestamps && samples.hasStartTimestamps());
        if (plain) {
            floats.compute(samples.timestamps(), samples.values(), samples.size(), computed, arguments, out.values());
        } else {
            evalSamples(labels, samples, out);
        }
        if (computed.count() < windows.count()) {
            out.fillFromFirst(windows.count());
        }
        switch (function) {
            case RATE, INCREASE -> checkCounter(labels, out);
            case QUANTILE_OVER_TIME -> checkQuantiles(out);
            default -> {}
        }
    }

    /** Whether the results are columns by item, those of {@link #evalItems}. */
    public boolean yieldsItems() {
        return floats instanceof TopValues;
    }

    /**
     * Computes all steps of one series for a function that yields several columns.
     *
     * @param labels as of {@link #eval}
     * @param scratch of the windows' length; overwritten
     * @param cells told of the length of each column before it is made, and may throw
     * @return columns by item; the stale marker where there is no result
     */
    public Map<String, double[]> evalItems(Labels labels, SampleBuffer samples, Column scratch, LongConsumer cells) {
        if (!(floats instanceof TopValues top)) {
            throw new IllegalStateException(function.text() + " yields no items");
        }
        top.setCells(cells);
        eval(labels, samples, scratch);
        return top.columns();
    }

    private void evalSamples(Labels labels, SampleBuffer samples, Column out) {
        SampleKernel kernel = samplesKernel;
        if (kernel == null) {
            kernel = samplesKernel();
            samplesKernel = kernel;
        }
        remarks.clear();
        kernel.compute(samples, computed, arguments, remarks::add, out);
        for (RangeRemark remark : remarks) {
            annotations.accept(new Annotation(remark.level(), remark.message(labels.metricName()), position));
        }
    }

    /** Tells about counter functions on metrics that are not known as counters, where they have floats as results. */
    private void checkCounter(Labels labels, Column column) {
        String name = labels.metricName();
        if (name.isEmpty() || (name.equals(metricName) && !options.typeAndUnitLabels())) {
            return;
        }
        String problem = options.typeAndUnitLabels() ? typeProblem(labels) : nameProblem(name);
        if (problem == null) {
            metricName = name;
        } else if (hasFloat(column)) {
            metricName = name;
            annotations.accept(new Annotation(
                    Annotation.Level.INFO,
                    "PromQL info: metric might not be a counter, " + problem + ' ' + GoText.quote(name),
                    position));
        }
    }

    private static @Nullable String nameProblem(String name) {
        boolean counter =
                name.endsWith("_total") || name.endsWith("_sum") || name.endsWith("_count") || name.endsWith("_bucket");
        return counter ? null : "name does not end in _total/_sum/_count/_bucket:";
    }

    private static @Nullable String typeProblem(Labels labels) {
        String type = labels.get("__type__");
        return type.equals("counter") || type.equals("histogram")
                ? null
                : "__type__ label is not set to \"counter\" or \"histogram\", got " + GoText.quote(type) + ':';
    }

    private static boolean hasFloat(Column column) {
        for (int step = 0; step < column.size(); step++) {
            if (!StaleMarker.is(column.values()[step]) && column.histogram(step) == null) {
                return true;
            }
        }
        return false;
    }

    /** Warns about quantiles outside of [0, 1]. */
    private void checkQuantiles(Column column) {
        double[] quantiles = arguments[0];
        for (int step = 0; step < quantiles.length; step++) {
            if (Quantiles.isInvalid(quantiles[step])
                    && Double.compare(quantiles[step], warnedQuantile) != 0
                    && column.isPresent(step)) {
                warnedQuantile = quantiles[step];
                annotations.accept(new Annotation(
                        Annotation.Level.WARNING,
                        "PromQL warning: quantile value should be between 0 and 1, got "
                                + GoFormat.general(quantiles[step]),
                        position));
            }
        }
    }
}
