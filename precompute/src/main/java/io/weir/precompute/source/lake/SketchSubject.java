package io.weir.precompute.source.lake;

import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.job.SketchOptions;
import io.weir.promql.labels.LabelMatcher;
import io.weir.queryapi.spi.SketchQueries.Form;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.sketch.SketchKind;
import java.util.Comparator;
import java.util.List;

/**
 * What the granules of a job are of. Jobs with the same subject share them: three quantiles of one selector are read once.
 *
 * @param matchers in an order of their own
 */
record SketchSubject(String tenant, List<LabelMatcher> matchers, Form form, long granuleMillis) {
    private static final Comparator<LabelMatcher> ORDER = Comparator.comparing(LabelMatcher::name)
            .thenComparing(LabelMatcher::type)
            .thenComparing(LabelMatcher::value);

    SketchSubject {
        matchers = matchers.stream().sorted(ORDER).toList();
    }

    static SketchSubject of(JobSpec spec, JobQuery.OfSketch query) {
        return new SketchSubject(
                spec.tenant(),
                query.selector().matchers(),
                form(query.function(), spec.options()),
                divisor(spec.granularityMillis(), query.windowMillis()));
    }

    private static Form form(SketchFunction function, SketchOptions options) {
        // What a kind of sketch does not look at must not keep jobs apart.
        return switch (function) {
            case SketchFunction.Quantile quantile -> new Form(SketchKind.DDSKETCH, options.relativeAccuracy(), 0, 0);
            case SketchFunction.CountDistinct distinct -> new Form(SketchKind.HYPERLOGLOG, 0, options.precision(), 0);
            case SketchFunction.Top top -> new Form(SketchKind.COUNT_MIN, 0, 0, options.candidatesMax());
        };
    }

    /** The greatest length of which both a window and the steps between windows are whole multiples. */
    private static long divisor(long granularityMillis, long windowMillis) {
        long a = granularityMillis;
        long b = windowMillis;
        while (b != 0) {
            long rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }

    /** A window by granules. */
    Granules granules(long toMillis, long windowMillis) {
        int count = Math.toIntExact(windowMillis / granuleMillis);
        return new Granules(toMillis - (count - 1) * granuleMillis, granuleMillis, count);
    }

    /** A window in one piece. */
    static Granules whole(long toMillis, long windowMillis) {
        return new Granules(toMillis, windowMillis, 1);
    }
}
