package io.weir.precompute.source.grpc;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.promql.ast.Expr;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Kind;
import io.weir.proto.sketch.v1.Matcher;
import java.util.ArrayList;
import java.util.List;

/** What a tick asks a service of sketches. */
final class FetchRequests {
    private FetchRequests() {}

    static FetchRequest of(Job job, JobQuery.OfSketch query, long toMillis) throws SourceException {
        FetchRequest.Builder request = FetchRequest.newBuilder()
                .setTenant(job.spec().tenant())
                .setMetric(metric(query.selector()))
                .setFromMillis(toMillis - query.windowMillis())
                .setToMillis(toMillis)
                .setKind(kind(query.function()));
        for (LabelMatcher matcher : matchers(query.selector())) {
            request.addMatchers(Matcher.newBuilder()
                    .setType(
                            switch (matcher.type()) {
                                case EQUAL -> Matcher.Type.EQUAL;
                                case NOT_EQUAL -> Matcher.Type.NOT_EQUAL;
                                case REGEX -> Matcher.Type.REGEX;
                                case NOT_REGEX -> Matcher.Type.NOT_REGEX;
                            })
                    .setName(matcher.name())
                    .setValue(matcher.value()));
        }
        return request.build();
    }

    /** The metric's name: sketches are kept by it. */
    static String metric(Expr.VectorSelector selector) throws SourceException {
        List<String> names = new ArrayList<>();
        for (LabelMatcher matcher : selector.matchers()) {
            if (isName(matcher) && matcher.type() == LabelMatcher.Type.EQUAL) {
                names.add(matcher.value());
            }
        }
        if (names.size() != 1 || names.getFirst().isEmpty()) {
            throw new SourceException(
                    Cause.UNSUPPORTED, "a source of sketches is asked for one metric: name it in the selector");
        }
        return names.getFirst();
    }

    /** The conditions beside the metric's name. */
    static List<LabelMatcher> matchers(Expr.VectorSelector selector) throws SourceException {
        List<LabelMatcher> others =
                selector.matchers().stream().filter(it -> !isName(it)).toList();
        if (others.size() + 1 != selector.matchers().size()) {
            throw new SourceException(
                    Cause.UNSUPPORTED, "a source of sketches is asked for one metric by its name only");
        }
        return others;
    }

    private static boolean isName(LabelMatcher matcher) {
        return matcher.name().equals(Labels.METRIC_NAME);
    }

    static Kind kind(SketchFunction function) {
        return switch (function) {
            case SketchFunction.Quantile quantile -> Kind.DDSKETCH;
            case SketchFunction.CountDistinct distinct -> Kind.HYPERLOGLOG;
            case SketchFunction.Top top -> Kind.FREQUENCIES;
        };
    }
}
