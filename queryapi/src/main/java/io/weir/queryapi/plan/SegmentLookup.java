package io.weir.queryapi.plan;

import io.opentelemetry.api.trace.SpanKind;
import io.weir.lake.catalog.SegmentCatalog;
import io.weir.lake.catalog.SegmentQuery;
import io.weir.lake.catalog.SegmentSelection;
import io.weir.promql.error.QueryException;
import io.weir.proto.trace.Trace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks the catalog for the segments of several selectors at once; equal questions are asked once. */
final class SegmentLookup {
    private final SegmentCatalog catalog;
    private final int segmentsMax;

    SegmentLookup(SegmentCatalog catalog, int segmentsMax) {
        this.catalog = catalog;
        this.segmentsMax = segmentsMax;
    }

    /** The answers by question. */
    Map<SegmentQuery, SegmentSelection> find(List<SegmentQuery> queries) {
        List<SegmentQuery> distinct = queries.stream().distinct().toList();
        Map<SegmentQuery, SegmentSelection> selections = new LinkedHashMap<>();
        try (Trace span = Trace.current().child("catalog lookup", SpanKind.CLIENT)) {
            span.set("questions", distinct.size());
            if (distinct.size() == 1) {
                selections.put(distinct.getFirst(), catalog.find(distinct.getFirst()));
            } else if (!distinct.isEmpty()) {
                findInParallel(distinct, selections);
            }
            if (span.isRecording()) {
                span.set(
                        "segments",
                        selections.values().stream()
                                .mapToInt(selection -> selection.segments().size())
                                .sum());
            }
        }
        for (SegmentSelection selection : selections.values()) {
            if (selection.segments().size() > segmentsMax) {
                throw new QueryException.LimitExceeded("a selector reads "
                        + selection.segments().size() + " segments, more than the limit of " + segmentsMax
                        + " (setting query-segments-max); shorten the time range or wait for compaction");
            }
        }
        return selections;
    }

    private void findInParallel(List<SegmentQuery> queries, Map<SegmentQuery, SegmentSelection> selections) {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<SegmentQuery, Future<SegmentSelection>> futures = new LinkedHashMap<>();
            for (SegmentQuery query : queries) {
                futures.put(query, executor.submit(() -> catalog.find(query)));
            }
            for (Map.Entry<SegmentQuery, Future<SegmentSelection>> entry : futures.entrySet()) {
                selections.put(entry.getKey(), entry.getValue().get());
            }
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
            if (cause instanceof RuntimeException runtime) {
                throw runtime;
            }
            throw new QueryException.Internal("the catalog lookup failed: " + cause, cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QueryException.Canceled("interrupted while the catalog was asked");
        }
    }
}
