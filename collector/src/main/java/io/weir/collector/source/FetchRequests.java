package io.weir.collector.source;

import io.weir.collector.store.SketchParameters;
import io.weir.promql.labels.LabelMatcher;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Matcher;
import java.util.ArrayList;
import java.util.List;

/** Reads fetch requests. */
final class FetchRequests {
    private FetchRequests() {}

    /** @throws IllegalArgumentException with what is wrong */
    static SketchParameters.Kind kind(FetchRequest request) {
        return switch (request.getKind()) {
            case DDSKETCH -> SketchParameters.Kind.QUANTILES;
            case HYPERLOGLOG -> SketchParameters.Kind.DISTINCT;
            case FREQUENCIES -> SketchParameters.Kind.FREQUENCIES;
            case KIND_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("kind must be DDSKETCH, HYPERLOGLOG or FREQUENCIES");
        };
    }

    /** @throws IllegalArgumentException with what is wrong */
    static List<LabelMatcher> matchers(FetchRequest request, int matchersMax) {
        if (request.getMetric().isEmpty()) {
            throw new IllegalArgumentException("metric must not be empty");
        }
        if (request.getMatchersCount() > matchersMax) {
            throw new IllegalArgumentException(
                    request.getMatchersCount() + " matchers are more than collector-fetch-matchers-max=" + matchersMax);
        }
        List<LabelMatcher> matchers = new ArrayList<>();
        for (Matcher matcher : request.getMatchersList()) {
            matchers.add(LabelMatcher.of(type(matcher), matcher.getName(), matcher.getValue()));
        }
        return matchers;
    }

    private static LabelMatcher.Type type(Matcher matcher) {
        return switch (matcher.getType()) {
            case EQUAL -> LabelMatcher.Type.EQUAL;
            case NOT_EQUAL -> LabelMatcher.Type.NOT_EQUAL;
            case REGEX -> LabelMatcher.Type.REGEX;
            case NOT_REGEX -> LabelMatcher.Type.NOT_REGEX;
            case UNRECOGNIZED ->
                throw new IllegalArgumentException("a matcher on '" + matcher.getName() + "' has an unknown type");
        };
    }
}
