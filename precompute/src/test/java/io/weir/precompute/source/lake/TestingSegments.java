package io.weir.precompute.source.lake;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.SketchQueries;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.Sketch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Segments in memory, and the sketches of their samples: a sample that lies in several segments counts once, the latest segment's value. */
final class TestingSegments implements SketchQueries, BackgroundQueries {
    /** Said about each expression. */
    static final Annotation INFO = new Annotation(Annotation.Level.INFO, "may not be meant", new PositionRange(4, 5));

    /** By id. */
    private final TreeMap<String, Map<Labels, TreeMap<Long, Double>>> segments = new TreeMap<>();

    private final List<Question> questions = new CopyOnWriteArrayList<>();
    private int ids;
    private volatile @Nullable RuntimeException failure;
    private volatile @Nullable Semaphore gate;

    /** Adds a segment; its id. */
    synchronized String add(Map<Labels, TreeMap<Long, Double>> content) {
        String id = String.format("segment-%04d", ids++);
        segments.put(id, content);
        return id;
    }

    /** Adds a segment of one sample. */
    String add(Labels labels, long timeMillis, double value) {
        return add(Map.of(labels, new TreeMap<>(Map.of(timeMillis, value))));
    }

    /** Replaces all segments by one with the same samples. */
    synchronized void compact() {
        Map<Labels, TreeMap<Long, Double>> all = union();
        segments.clear();
        add(all);
    }

    void fail(@Nullable RuntimeException cause) {
        failure = cause;
    }

    /** Each question takes a permit. */
    void gate(Semaphore permits) {
        gate = permits;
    }

    List<Question> questions() {
        return questions;
    }

    /** How many granules were asked for by the questions so far; they are forgotten. */
    int takeGranules() {
        int granules = questions.stream()
                .mapToInt(question -> question.granules().count())
                .sum();
        questions.clear();
        return granules;
    }

    private Map<Labels, TreeMap<Long, Double>> union() {
        Map<Labels, TreeMap<Long, Double>> all = new TreeMap<>();
        segments.values()
                .forEach(content -> content.forEach((labels, samples) ->
                        all.computeIfAbsent(labels, unknown -> new TreeMap<>()).putAll(samples)));
        return all;
    }

    @Override
    public synchronized List<SegmentSpan> segments(
            String tenant, List<LabelMatcher> matchers, long afterMillis, long untilMillis) {
        List<SegmentSpan> spans = new ArrayList<>();
        segments.forEach((id, content) -> {
            long min =
                    content.values().stream().mapToLong(TreeMap::firstKey).min().orElseThrow();
            long max =
                    content.values().stream().mapToLong(TreeMap::lastKey).max().orElseThrow();
            boolean holds = content.keySet().stream()
                    .anyMatch(labels -> matchers.stream().allMatch(matcher -> matcher.matches(labels)));
            if (holds && min <= untilMillis && max > afterMillis) {
                spans.add(new SegmentSpan(id, min, max));
            }
        });
        return spans;
    }

    @Override
    public Answer sketches(Question question, long deadlineNanos) throws InterruptedException {
        questions.add(question);
        Semaphore permits = gate;
        if (permits != null) {
            permits.acquire();
        }
        RuntimeException cause = failure;
        if (cause != null) {
            throw cause;
        }
        return answer(question);
    }

    private synchronized Answer answer(Question question) {
        Granules granules = question.granules();
        List<Part> parts = new ArrayList<>();
        long[] bytes = {0};
        union().forEach((labels, samples) -> {
            if (question.matchers().stream().allMatch(matcher -> matcher.matches(labels))) {
                for (int i = 0; i < granules.count(); i++) {
                    long end = granules.endMillis(i);
                    Map<Long, Double> inside = samples.subMap(end - granules.lengthMillis(), false, end, true);
                    if (!inside.isEmpty()) {
                        Sketch sketch = empty(question.form());
                        inside.values().forEach(value -> SampleSketches.record(sketch, value));
                        bytes[0] += sketch.retainedBytes();
                        parts.add(new Part(labels, i, sketch));
                    }
                }
            }
        });
        if (bytes[0] > question.heapBytesMax()) {
            throw new QueryException.LimitExceeded("the sketches take more than " + question.heapBytesMax());
        }
        return new Answer(
                segments(question.tenant(), question.matchers(), granules.afterMillis(), granules.untilMillis()),
                parts);
    }

    static Sketch empty(Form form) {
        return switch (form.kind()) {
            case DDSKETCH -> SampleSketches.quantiles(form.relativeAccuracy());
            case HYPERLOGLOG -> SampleSketches.distinct(form.precision());
            case COUNT_MIN -> SampleSketches.frequencies(form.candidatesMax());
            case COUNT_SKETCH -> throw new IllegalArgumentException("never built of samples");
        };
    }

    @Override
    public Evaluated evaluate(String tenant, String query, long timeMillis, long deadlineNanos) {
        RuntimeException cause = failure;
        if (cause != null) {
            throw cause;
        }
        return new Evaluated(
                List.of(new Sample(Labels.of("query", query, "tenant", tenant), timeMillis)), List.of(INFO));
    }
}
