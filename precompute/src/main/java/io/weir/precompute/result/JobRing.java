package io.weir.precompute.result;

import io.weir.precompute.job.Job;
import io.weir.precompute.result.ResultDirectory.JobResults;
import io.weir.precompute.source.SketchPoint;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The ticks of one job, ascending, with what they take of the heap. Changed under its owner's lock; {@link #results} is read without it.
 */
final class JobRing {
    /* Implementation notes: the series of a job are mostly the same from tick to tick, so a tick takes over the label sets of the one before.
     * What labels take is counted with the tick that brought them and once more for the newest tick, which keeps them when that tick goes. */

    static final long NEVER = Long.MAX_VALUE;
    private static final int TICK_BYTES = 160;
    private static final int ELEMENT_BYTES = 32;
    private static final int POINT_BYTES = 64;
    private static final int ANNOTATION_BYTES = 160;
    private static final int LABELS_BYTES = 40;
    private static final int LABEL_BYTES = 64;

    private record Tick(TickResult result, long valueBytes, long sketchBytes, long newLabelBytes) {
        long bytes() {
            return TICK_BYTES + valueBytes + sketchBytes + newLabelBytes;
        }

        Tick withoutSketches() {
            return new Tick(ResultCache.withoutSketches(result), valueBytes, 0, newLabelBytes);
        }
    }

    private final List<Tick> ticks = new ArrayList<>();
    private Map<Labels, Labels> newestLabels = Map.of();
    private long newestLabelBytes;
    private long bytes;
    private volatile JobResults results;
    private volatile long warmUntilMillis = NEVER;

    JobRing(Job job) {
        results = new JobResults(job, List.of());
    }

    Job job() {
        return results.job();
    }

    JobResults results() {
        return results;
    }

    long bytes() {
        return bytes;
    }

    int size() {
        return ticks.size();
    }

    /** Whether its job is there; else its results answer until a time. */
    boolean isLive() {
        return warmUntilMillis == NEVER;
    }

    long warmUntilMillis() {
        return warmUntilMillis;
    }

    void cool(long untilMillis) {
        warmUntilMillis = untilMillis;
    }

    /** Whether it may answer at a time of the wall clock. */
    boolean isUsable(long nowMillis) {
        return nowMillis < warmUntilMillis
                && nowMillis < job().spec().validUntilMillis().orElse(NEVER);
    }

    /** Takes a tick, in its place; of two of the same time the one that was computed last. */
    void put(TickResult result) {
        int at = place(result.evalMillis());
        boolean known = at < ticks.size() && ticks.get(at).result().evalMillis() == result.evalMillis();
        if (known && ticks.get(at).result().computedAtMillis() > result.computedAtMillis()) {
            return;
        }
        boolean newest = at >= ticks.size() - (known ? 1 : 0);
        Tick tick = newest ? measured(result) : measured(ResultCache.withoutSketches(result));
        if (known) {
            bytes += tick.bytes() - ticks.set(at, tick).bytes();
        } else {
            ticks.add(at, tick);
            bytes += tick.bytes();
        }
        if (newest) {
            remember(tick.result());
        }
        publish();
    }

    private int place(long evalMillis) {
        int at = ticks.size();
        while (at > 0 && ticks.get(at - 1).result().evalMillis() >= evalMillis) {
            at--;
        }
        return at;
    }

    private Tick measured(TickResult result) {
        long newLabelBytes = 0;
        List<ResultVector.Element> elements =
                new ArrayList<>(result.vector().elements().size());
        for (ResultVector.Element element : result.vector().elements()) {
            Labels known = newestLabels.get(element.labels());
            newLabelBytes += known == null ? labelBytes(element.labels()) : 0;
            elements.add(known == null ? element : new ResultVector.Element(known, element.value()));
        }
        long sketchBytes = 0;
        List<SketchPoint> points = new ArrayList<>(result.sketches().size());
        for (SketchPoint point : result.sketches()) {
            sketchBytes += POINT_BYTES + point.sketch().sketch().retainedBytes();
            Labels known = newestLabels.get(point.labels());
            newLabelBytes += known == null ? labelBytes(point.labels()) : 0;
            points.add(known == null ? point : new SketchPoint(known, point.sketch()));
        }
        TickResult interned = new TickResult(
                result.jobId(),
                result.evalMillis(),
                new ResultVector(elements, result.vector().annotations()),
                result.bound(),
                result.coverage(),
                result.computedAtMillis(),
                points);
        long valueBytes =
                (long) ELEMENT_BYTES * elements.size() + bytesOf(result.vector().annotations());
        return new Tick(interned, valueBytes, sketchBytes, newLabelBytes);
    }

    private static long bytesOf(List<Annotation> annotations) {
        long bytes = 0;
        for (Annotation annotation : annotations) {
            bytes += ANNOTATION_BYTES + annotation.text().length();
        }
        return bytes;
    }

    private static long labelBytes(Labels labels) {
        long bytes = LABELS_BYTES;
        for (int i = 0; i < labels.size(); i++) {
            bytes += LABEL_BYTES + labels.value(i).length();
        }
        return bytes;
    }

    private void remember(TickResult newest) {
        Map<Labels, Labels> labels =
                HashMap.newHashMap(newest.vector().elements().size());
        newest.vector().elements().forEach(element -> labels.put(element.labels(), element.labels()));
        newest.sketches().forEach(point -> labels.put(point.labels(), point.labels()));
        long labelBytes =
                labels.keySet().stream().mapToLong(JobRing::labelBytes).sum();
        bytes += labelBytes - newestLabelBytes;
        newestLabelBytes = labelBytes;
        newestLabels = labels;
    }

    /** The time of the oldest tick, beside the newest, that has sketches. */
    Optional<Long> oldestWithSketches() {
        for (int i = 0; i < ticks.size() - 1; i++) {
            if (ticks.get(i).sketchBytes() > 0) {
                return Optional.of(ticks.get(i).result().evalMillis());
            }
        }
        return Optional.empty();
    }

    /** The time of the oldest tick, beside the newest. */
    Optional<Long> oldest() {
        return ticks.size() < 2
                ? Optional.empty()
                : Optional.of(ticks.getFirst().result().evalMillis());
    }

    void dropSketchesAt(long evalMillis) {
        int at = place(evalMillis);
        Tick before = ticks.get(at);
        Tick after = before.withoutSketches();
        ticks.set(at, after);
        bytes -= before.bytes() - after.bytes();
        publish();
    }

    void dropOldest() {
        bytes -= ticks.removeFirst().bytes();
        if (ticks.isEmpty()) {
            bytes -= newestLabelBytes;
            newestLabelBytes = 0;
            newestLabels = Map.of();
        }
        publish();
    }

    /** Forgets the sketches of the newest tick; false if it has none. */
    boolean dropNewestSketches() {
        if (ticks.isEmpty() || ticks.getLast().sketchBytes() == 0) {
            return false;
        }
        dropSketchesAt(ticks.getLast().result().evalMillis());
        return true;
    }

    /** All ticks, for a job of the same meaning. */
    List<TickResult> resultsFor(String jobId) {
        List<TickResult> copies = new ArrayList<>();
        for (Tick tick : ticks) {
            copies.add(ResultCache.withJobId(tick.result(), jobId));
        }
        return copies;
    }

    /** Takes over ticks of another ring, sketches included. */
    void adopt(List<TickResult> others) {
        // One after the other each is the newest when it comes, so that its sketches stay.
        others.forEach(this::put);
    }

    private void publish() {
        List<TickResult> published = new ArrayList<>(ticks.size());
        ticks.forEach(tick -> published.add(tick.result()));
        results = new JobResults(job(), Collections.unmodifiableList(published));
    }
}
