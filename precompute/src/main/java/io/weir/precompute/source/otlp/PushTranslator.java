package io.weir.precompute.source.otlp;

import io.weir.precompute.source.otlp.PushAttributes.RefusedException;
import io.weir.precompute.source.otlp.PushRefusals.Refusal;
import io.weir.precompute.source.pushed.Push;
import io.weir.precompute.source.pushed.PushedLabels;
import io.weir.precompute.source.pushed.RefusedPush;
import io.weir.promql.labels.Labels;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.Metric;
import io.weir.proto.push.v1.NumberPoint;
import io.weir.proto.push.v1.Numbers;
import io.weir.proto.push.v1.ResourceMetrics;
import io.weir.proto.push.v1.ScopeMetrics;
import io.weir.proto.push.v1.Temporality;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.DeltaCodec;
import io.weir.sketch.codec.SketchCodec;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.delta.DeltaFrame;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Reads what collectors push into pushes of sketches; what is none is refused with a word on what to do. */
final class PushTranslator {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final String PLAIN_HINT =
            ": this receiver keeps sketches only; send plain metrics to /api/v1/otlp/v1/metrics of ingest";

    private final SketchCodec codec;
    private final DeltaCodec deltas;

    PushTranslator(DecodeLimits limits) {
        codec = new SketchCodec(limits);
        deltas = new DeltaCodec(limits);
    }

    /**
     * What a request is read for.
     *
     * @param resource empty if it cannot be read: nothing of it is taken
     */
    private record Scope(
            String tenant,
            String sender,
            Optional<Labels> resource,
            Consumer<Push> pushes,
            Consumer<RefusedPush> refused,
            PushRefusals refusals,
            Set<Long> unknownSeries) {}

    /**
     * Reads a request.
     *
     * @param sender who sends, if a resource does not name it
     * @param pushes takes each push at once, so that a request's sketches need not all be in memory
     * @param refused takes each sketch that is refused, if its metric and its time are known
     * @param unknownSeries takes the numbers of series that came without attributes
     */
    void translate(
            ExportRequest request,
            String tenant,
            String sender,
            Consumer<Push> pushes,
            Consumer<RefusedPush> refused,
            PushRefusals refusals,
            Set<Long> unknownSeries) {
        for (ResourceMetrics resource : request.getResourceMetricsList()) {
            String named = PushAttributes.sender(resource.getResource().getAttributesList(), sender);
            List<Metric> metrics = resource.getScopeMetricsList().stream()
                    .map(ScopeMetrics::getMetricsList)
                    .flatMap(List::stream)
                    .toList();
            try {
                Labels labels = PushAttributes.labels(resource.getResource().getAttributesList());
                Scope scope = new Scope(tenant, named, Optional.of(labels), pushes, refused, refusals, unknownSeries);
                metrics.forEach(metric -> translate(scope, metric));
            } catch (RefusedException e) {
                Scope scope = new Scope(tenant, named, Optional.empty(), pushes, refused, refusals, unknownSeries);
                metrics.forEach(metric -> refuse(scope, metric, e));
            }
        }
    }

    /** Refuses all of a metric. */
    private static void refuse(Scope scope, Metric metric, RefusedException why) {
        scope.refusals.add(why.refusal(), points(metric), "a resource: " + why.text());
        sketches(metric).forEach(point -> tell(scope, metric, point));
    }

    private static List<PushPoint> sketches(Metric metric) {
        return switch (metric.getDataCase()) {
            case GAUGE -> sketches(metric.getGauge());
            case SUM -> sketches(metric.getSum());
            case DDSKETCH ->
                metric.getDdsketch().getDataPointsList().stream()
                        .map(PushPoint::of)
                        .toList();
            case COUNT_SKETCH ->
                metric.getCountSketch().getDataPointsList().stream()
                        .map(PushPoint::of)
                        .toList();
            case COUNT_MIN ->
                metric.getCountMin().getDataPointsList().stream()
                        .map(PushPoint::of)
                        .toList();
            case HLL ->
                metric.getHll().getDataPointsList().stream().map(PushPoint::of).toList();
            case HISTOGRAM, EXPONENTIAL_HISTOGRAM, SUMMARY, KLL, SUM_AGGREGATE, DATA_NOT_SET -> List.of();
        };
    }

    private static List<PushPoint> sketches(Numbers numbers) {
        return numbers.getDataPointsList().stream()
                .map(it -> PushPoint.of(it))
                .flatMap(Optional::stream)
                .toList();
    }

    private static long points(Metric metric) {
        return switch (metric.getDataCase()) {
            case GAUGE -> metric.getGauge().getDataPointsCount();
            case SUM -> metric.getSum().getDataPointsCount();
            case HISTOGRAM -> metric.getHistogram().getDataPointsCount();
            case EXPONENTIAL_HISTOGRAM -> metric.getExponentialHistogram().getDataPointsCount();
            case SUMMARY -> metric.getSummary().getDataPointsCount();
            case DDSKETCH -> metric.getDdsketch().getDataPointsCount();
            case KLL -> metric.getKll().getDataPointsCount();
            case COUNT_SKETCH -> metric.getCountSketch().getDataPointsCount();
            case COUNT_MIN -> metric.getCountMin().getDataPointsCount();
            case HLL -> metric.getHll().getDataPointsCount();
            case SUM_AGGREGATE -> metric.getSumAggregate().getDataPointsCount();
            case DATA_NOT_SET -> 0;
        };
    }

    private void translate(Scope scope, Metric metric) {
        switch (metric.getDataCase()) {
            case GAUGE -> numbers(scope, metric, metric.getGauge());
            case SUM -> numbers(scope, metric, metric.getSum());
            case HISTOGRAM, EXPONENTIAL_HISTOGRAM, SUMMARY, SUM_AGGREGATE ->
                scope.refusals.add(Refusal.PLAIN, points(metric), "the metric " + metric.getName() + PLAIN_HINT);
            case KLL ->
                scope.refusals.add(
                        Refusal.CONTRACT,
                        points(metric),
                        "the metric " + metric.getName() + " is a KLL sketch, which is not supported; send a DDSketch");
            case DDSKETCH -> sketches(scope, metric, metric.getDdsketch().getAggregationTemporality());
            case COUNT_SKETCH -> sketches(scope, metric, metric.getCountSketch().getAggregationTemporality());
            case COUNT_MIN -> sketches(scope, metric, metric.getCountMin().getAggregationTemporality());
            case HLL -> sketches(scope, metric, metric.getHll().getAggregationTemporality());
            case DATA_NOT_SET -> {
                // A metric without points: nothing to take or to refuse.
            }
        }
    }

    private void sketches(Scope scope, Metric metric, Temporality temporality) {
        sketches(metric).forEach(point -> point(scope, metric, temporality, point));
    }

    private void numbers(Scope scope, Metric metric, Numbers numbers) {
        for (NumberPoint number : numbers.getDataPointsList()) {
            Optional<PushPoint> point = PushPoint.of(number);
            if (point.isPresent()) {
                point(scope, metric, numbers.getAggregationTemporality(), point.get());
            } else if (PushPoint.holdsSketch(number)) {
                scope.refusals.add(
                        Refusal.CONTRACT,
                        1,
                        "the metric " + metric.getName()
                                + " holds a sketch of a kind that is not supported; send a DDSketch");
                tell(
                        scope,
                        metric,
                        Optional.empty(),
                        Optional.empty(),
                        number.getStartTimeUnixNano(),
                        number.getTimeUnixNano());
            } else {
                scope.refusals.add(Refusal.PLAIN, 1, "the metric " + metric.getName() + PLAIN_HINT);
            }
        }
    }

    private void point(Scope scope, Metric metric, Temporality temporality, PushPoint point) {
        try {
            if (point.seriesId() != 0) {
                if (point.attributes().isEmpty()) {
                    scope.unknownSeries.add(point.seriesId());
                }
                throw new RefusedException(
                        point.attributes().isEmpty() ? Refusal.SERIES_ID : Refusal.CONTRACT,
                        point.attributes().isEmpty()
                                ? "series are not numbered here; send attributes in place of series_id"
                                : "a point with both attributes and series_id");
            }
            if (point.hasNoValue()) {
                return;
            }
            long from = Math.floorDiv(point.startNanos(), NANOS_PER_MILLI);
            long to = Math.floorDiv(point.timeNanos(), NANOS_PER_MILLI);
            if (point.startNanos() <= 0 || to <= from) {
                throw new RefusedException(
                        Refusal.CONTRACT,
                        "a sketch needs start_time_unix_nano and, later by a millisecond or more, time_unix_nano");
            }
            Labels resource = scope.resource.orElseThrow();
            scope.pushes.accept(new Push(
                    scope.tenant,
                    scope.sender,
                    PushAttributes.metric(metric.getName()),
                    point.kind(),
                    PushAttributes.labels(point.attributes()),
                    resource,
                    new DeltaFrame(from, to, body(point, temporality))));
        } catch (RefusedException e) {
            scope.refusals.add(e.refusal(), 1, "the metric " + metric.getName() + ": " + e.text());
            tell(scope, metric, point);
        } catch (SketchFormatException e) {
            scope.refusals.add(
                    Refusal.UNREADABLE, 1, "the metric " + metric.getName() + ": no sketch: " + e.getMessage());
            tell(scope, metric, point);
        }
    }

    private static void tell(Scope scope, Metric metric, PushPoint point) {
        // With nothing recorded nothing is lost.
        if (!point.hasNoValue()) {
            tell(
                    scope,
                    metric,
                    Optional.of(point.kind()),
                    point.seriesId() == 0 ? labels(scope, point) : Optional.empty(),
                    point.startNanos(),
                    point.timeNanos());
        }
    }

    /** Says what was refused, if it can be said of which metric and time. */
    private static void tell(
            Scope scope,
            Metric metric,
            Optional<SketchKind> kind,
            Optional<PushedLabels> labels,
            long startNanos,
            long timeNanos) {
        long to = Math.floorDiv(timeNanos, NANOS_PER_MILLI);
        if (metric.getName().isEmpty() || to <= 0) {
            return;
        }
        // Where it began may be just what is wrong; it counts where it ends.
        long from = startNanos <= 0 ? to - 1 : Math.min(to - 1, Math.floorDiv(startNanos, NANOS_PER_MILLI));
        scope.refused.accept(new RefusedPush(
                scope.tenant, scope.sender, PushAttributes.translatedMetric(metric.getName()), kind, labels, from, to));
    }

    /** Whose a refused point is; empty if that may be why it was refused. */
    private static Optional<PushedLabels> labels(Scope scope, PushPoint point) {
        try {
            Labels labels = PushAttributes.labels(point.attributes());
            return scope.resource.map(it -> new PushedLabels(it, labels));
        } catch (RefusedException e) {
            // Counted already: the point was refused for this.
            return Optional.empty();
        }
    }

    private DeltaFrame.Body body(PushPoint point, Temporality temporality)
            throws RefusedException, SketchFormatException {
        byte[] bytes = point.sketch().toByteArray();
        return switch (point.encoding()) {
            case PushPoint.WHOLE, PushPoint.WHOLE_MSGPACK ->
                new DeltaFrame.Body.Full(
                        codec.decode(bytes, Optional.of(point.kind())).sketch());
            case PushPoint.CHANGE -> {
                if (temporality == Temporality.CUMULATIVE) {
                    // All of them would begin where the first began, so a lost one could not be told.
                    throw new RefusedException(
                            Refusal.CONTRACT, "changes of a sketch need the temporality DELTA, not CUMULATIVE");
                }
                yield new DeltaFrame.Body.Changes(deltas.decodeBare(bytes, point.kind()));
            }
            default ->
                throw new RefusedException(
                        Refusal.CONTRACT,
                        "the encoding " + point.encoding() + " is not supported; send 1 (PROTO), 2 (PROTO_DELTA) or 3"
                                + " (MSGPACK)");
        };
    }
}
