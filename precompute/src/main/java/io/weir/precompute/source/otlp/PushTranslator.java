package io.weir.precompute.source.otlp;

import io.weir.precompute.source.otlp.PushAttributes.RefusedException;
import io.weir.precompute.source.otlp.PushRefusals.Refusal;
import io.weir.precompute.source.pushed.Push;
import io.weir.promql.labels.Labels;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.Metric;
import io.weir.proto.push.v1.NumberPoint;
import io.weir.proto.push.v1.Numbers;
import io.weir.proto.push.v1.ResourceMetrics;
import io.weir.proto.push.v1.ScopeMetrics;
import io.weir.proto.push.v1.Temporality;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.DeltaCodec;
import io.weir.sketch.codec.SketchCodec;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.delta.DeltaFrame;
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

    /** What a request is read for. */
    private record Scope(
            String tenant,
            String sender,
            Labels resource,
            Consumer<Push> pushes,
            PushRefusals refusals,
            Set<Long> unknownSeries) {}

    /**
     * Reads a request.
     *
     * @param sender who sends, if a resource does not name it
     * @param pushes takes each push at once, so that a request's sketches need not all be in memory
     * @param unknownSeries takes the numbers of series that came without attributes
     */
    void translate(
            ExportRequest request,
            String tenant,
            String sender,
            Consumer<Push> pushes,
            PushRefusals refusals,
            Set<Long> unknownSeries) {
        for (ResourceMetrics resource : request.getResourceMetricsList()) {
            Labels labels;
            try {
                labels = PushAttributes.labels(resource.getResource().getAttributesList());
            } catch (RefusedException e) {
                resource.getScopeMetricsList().stream()
                        .flatMap(it -> it.getMetricsList().stream())
                        .forEach(metric -> refusals.add(e.refusal(), points(metric), "a resource: " + e.text()));
                continue;
            }
            Scope scope = new Scope(
                    tenant,
                    PushAttributes.sender(resource.getResource().getAttributesList(), sender),
                    labels,
                    pushes,
                    refusals,
                    unknownSeries);
            for (ScopeMetrics metrics : resource.getScopeMetricsList()) {
                metrics.getMetricsList().forEach(metric -> translate(scope, metric));
            }
        }
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
            case DDSKETCH ->
                metric.getDdsketch()
                        .getDataPointsList()
                        .forEach(point -> point(
                                scope, metric, metric.getDdsketch().getAggregationTemporality(), PushPoint.of(point)));
            case COUNT_SKETCH ->
                metric.getCountSketch()
                        .getDataPointsList()
                        .forEach(point -> point(
                                scope,
                                metric,
                                metric.getCountSketch().getAggregationTemporality(),
                                PushPoint.of(point)));
            case COUNT_MIN ->
                metric.getCountMin()
                        .getDataPointsList()
                        .forEach(point -> point(
                                scope, metric, metric.getCountMin().getAggregationTemporality(), PushPoint.of(point)));
            case HLL ->
                metric.getHll()
                        .getDataPointsList()
                        .forEach(point ->
                                point(scope, metric, metric.getHll().getAggregationTemporality(), PushPoint.of(point)));
            case DATA_NOT_SET -> {
                // A metric without points: nothing to take or to refuse.
            }
        }
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
            scope.pushes.accept(new Push(
                    scope.tenant,
                    scope.sender,
                    PushAttributes.metric(metric.getName()),
                    point.kind(),
                    PushAttributes.labels(point.attributes()),
                    scope.resource,
                    new DeltaFrame(from, to, body(point, temporality))));
        } catch (RefusedException e) {
            scope.refusals.add(e.refusal(), 1, "the metric " + metric.getName() + ": " + e.text());
        } catch (SketchFormatException e) {
            scope.refusals.add(
                    Refusal.UNREADABLE, 1, "the metric " + metric.getName() + ": no sketch: " + e.getMessage());
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
