package io.weir.precompute.source.pushed;

import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.pushed.PushedCoverage.Span;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.SketchKind;
import io.weir.sketch.SketchMismatchException;
import io.weir.sketch.delta.DeltaDisposition;
import io.weir.sketch.delta.DeltaState.Known;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Sketches that were pushed to this process, for a while, in memory. Thread-safe.
 *
 * <p>Nothing that is missing or stale becomes zero: a window is answered only if every sender that was there told all of it, and no change of a
 * sketch is missing. A full store refuses what is new; it throws nothing away before its time.
 */
public final class PushedSketches {
    private static final long SWEEP_MILLIS = 10_000;
    private static final long STREAM_BYTES = 512;

    private final PushedSettings settings;
    private final InstantSource clock;
    private final long beganMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<MetricKey, Map<StreamKey, PushedStream>> metrics = new HashMap<>();
    private int streams;
    private long retainedBytes;
    private long sweptMillis;

    private record MetricKey(String tenant, String metric, SketchKind kind) {}

    private record StreamKey(String sender, Labels resource, Labels labels) {}

    /** What is known of one stream, taken out of the store. */
    private record Snapshot(StreamKey key, List<Known> known, Optional<PushedStream.Missing> missing) {}

    public PushedSketches(PushedSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        beganMillis = clock.millis();
        sweptMillis = beganMillis;
    }

    /** Takes one push; says what became of it. */
    public DeltaDisposition accept(Push push) {
        long now = clock.millis();
        long to = push.frame().toMillis();
        if (to > now + settings.aheadMillisMax()) {
            return new DeltaDisposition.Rejected("it ends " + (to - now)
                    + " ms in the future; precompute-receiver-pushed-ahead-millis-max=" + settings.aheadMillisMax());
        }
        if (to <= now - settings.keptMillis()) {
            return new DeltaDisposition.Rejected("it ended " + (now - to)
                    + " ms ago; precompute-receiver-pushed-kept-millis=" + settings.keptMillis());
        }
        lock.lock();
        try {
            if (now - sweptMillis >= SWEEP_MILLIS) {
                sweep(now);
            }
            return put(push);
        } finally {
            lock.unlock();
        }
    }

    private DeltaDisposition put(Push push) {
        if (retainedBytes >= settings.bytesMax()) {
            return new DeltaDisposition.Rejected(
                    "the store of pushed sketches is full: precompute-receiver-pushed-bytes-max="
                            + settings.bytesMax());
        }
        MetricKey metric = new MetricKey(push.tenant(), push.metric(), push.kind());
        StreamKey key = new StreamKey(push.sender(), push.resource(), push.labels());
        Map<StreamKey, PushedStream> ofMetric = metrics.getOrDefault(metric, Map.of());
        PushedStream known = ofMetric.get(key);
        if (known == null && streams >= settings.streamsMax()) {
            return new DeltaDisposition.Rejected("more than precompute-receiver-pushed-streams-max="
                    + settings.streamsMax() + " metrics and label sets are pushed");
        }
        PushedStream stream = known == null ? new PushedStream() : known;
        long before = stream.retainedBytes();
        DeltaDisposition disposition = stream.accept(push.frame());
        if (known == null && !stream.isEmpty()) {
            metrics.computeIfAbsent(metric, any -> new HashMap<>()).put(key, stream);
            streams++;
            retainedBytes += STREAM_BYTES;
        }
        retainedBytes += stream.retainedBytes() - before;
        return disposition;
    }

    private void sweep(long now) {
        sweptMillis = now;
        long oldest = now - settings.keptMillis();
        metrics.values().removeIf(ofMetric -> {
            ofMetric.values().removeIf(stream -> {
                long before = stream.retainedBytes();
                stream.forgetThrough(oldest);
                retainedBytes -= before - stream.retainedBytes();
                if (stream.isEmpty()) {
                    streams--;
                    retainedBytes -= STREAM_BYTES;
                }
                return stream.isEmpty();
            });
            return ofMetric.isEmpty();
        });
    }

    /** Whether any of these senders pushed anything for a tenant. */
    public boolean knows(String tenant, Set<String> senders) {
        lock.lock();
        try {
            return metrics.entrySet().stream()
                    .filter(it -> it.getKey().tenant.equals(tenant))
                    .anyMatch(it -> it.getValue().keySet().stream().anyMatch(key -> senders.contains(key.sender)));
        } finally {
            lock.unlock();
        }
    }

    /**
     * What is asked for.
     *
     * @param kinds any of them, but one metric's sketches are of one
     * @param senders empty for everybody
     */
    public record Question(
            String tenant,
            String metric,
            Set<SketchKind> kinds,
            List<LabelMatcher> matchers,
            Optional<Set<String>> senders,
            long fromMillis,
            long toMillis) {}

    /**
     * The sketches of a window, merged, by label set.
     *
     * @throws SourceException if nothing was pushed under that name, something of it is missing, or does not merge
     */
    public SketchBatch sketches(Question question) throws SourceException {
        List<Snapshot> all = snapshot(question);
        if (all.isEmpty()) {
            throw new SourceException(
                    Cause.UNREACHABLE,
                    "nothing was pushed of " + question.metric
                            + question.senders
                                    .map(it -> " by " + String.join(" or ", it))
                                    .orElse("")
                            + " in this tenant");
        }
        List<Snapshot> matching = all.stream()
                .filter(it -> question.matchers.stream().allMatch(matcher -> matcher.matches(it.key.labels)))
                .toList();
        for (Snapshot snapshot : matching) {
            if (snapshot.missing.isPresent()) {
                throw new SourceException(
                        Cause.BAD_DATA,
                        "changes of " + question.metric + snapshot.key.labels + " from "
                                + snapshot.missing.get().fromMillis() + " to "
                                + snapshot.missing.get().toMillis() + " are missing; a checkpoint is awaited");
            }
        }
        TreeMap<Labels, SampledSketch> merged = new TreeMap<>();
        for (Snapshot snapshot : matching) {
            merge(question, snapshot, merged);
        }
        List<SketchPoint> points = new ArrayList<>();
        merged.forEach((labels, sketch) -> {
            // Nothing recorded is no value, and no zero either.
            if (!sketch.sketch().isEmpty()) {
                points.add(new SketchPoint(labels, sketch));
            }
        });
        return new SketchBatch(points, coverage(question, all));
    }

    private List<Snapshot> snapshot(Question question) throws SourceException {
        List<Snapshot> taken = new ArrayList<>();
        Set<SketchKind> kinds = new HashSet<>();
        lock.lock();
        try {
            for (SketchKind kind : question.kinds) {
                metrics.getOrDefault(new MetricKey(question.tenant, question.metric, kind), Map.of())
                        .forEach((key, stream) -> {
                            if (question.senders
                                    .map(it -> it.contains(key.sender))
                                    .orElse(true)) {
                                kinds.add(kind);
                                taken.add(new Snapshot(
                                        key, stream.known(), stream.missing(question.fromMillis, question.toMillis)));
                            }
                        });
            }
        } finally {
            lock.unlock();
        }
        if (kinds.size() > 1) {
            throw new SourceException(
                    Cause.BAD_DATA, "sketches of different kinds are pushed of " + question.metric + ": " + kinds);
        }
        return taken;
    }

    private static void merge(Question question, Snapshot snapshot, Map<Labels, SampledSketch> merged)
            throws SourceException {
        long through = Long.MIN_VALUE;
        for (Known known : snapshot.known) {
            if (known.throughMillis() <= question.fromMillis || known.throughMillis() > question.toMillis) {
                continue;
            }
            if (known.fromMillis() < through) {
                throw new SourceException(
                        Cause.BAD_DATA,
                        "sketches of " + question.metric + snapshot.key.labels + " overlap: one begins at "
                                + known.fromMillis() + ", another ends at " + through);
            }
            through = known.throughMillis();
            SampledSketch sum = merged.get(snapshot.key.labels);
            if (sum == null) {
                merged.put(
                        snapshot.key.labels,
                        new SampledSketch(
                                known.sketch().sketch().copy(), known.sketch().rate()));
                continue;
            }
            try {
                sum.mergeFrom(known.sketch());
            } catch (SketchMismatchException | SketchCapacityException e) {
                throw new SourceException(
                        Cause.BAD_DATA, "sketches of " + question.metric + " do not merge: " + e.getMessage(), e);
            }
        }
    }

    /** The least of what the senders that were there covered. */
    private double coverage(Question question, List<Snapshot> all) {
        Map<String, List<Span>> bySender = new HashMap<>();
        for (Snapshot snapshot : all) {
            List<Span> spans = bySender.computeIfAbsent(snapshot.key.sender, any -> new ArrayList<>());
            snapshot.known.forEach(it -> spans.add(Span.of(it)));
        }
        double least = 1;
        boolean isAny = false;
        for (List<Span> spans : bySender.values()) {
            long last = spans.stream().mapToLong(Span::throughMillis).max().orElse(Long.MIN_VALUE);
            long first = spans.stream().mapToLong(Span::throughMillis).min().orElse(Long.MAX_VALUE);
            boolean isGone = last <= question.fromMillis;
            boolean isLater = first > question.toMillis;
            if (isGone || isLater) {
                continue;
            }
            isAny = true;
            boolean isNew = beganMillis <= question.fromMillis && first > question.fromMillis;
            least = Math.min(
                    least,
                    PushedCoverage.share(
                            spans, question.fromMillis, question.toMillis, settings.straddleMillisMax(), isNew));
        }
        return isAny ? least : 0;
    }

    /** Heap of what is kept, estimated, in bytes. */
    public long retainedBytes() {
        lock.lock();
        try {
            return retainedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** Metrics times label sets times senders. */
    public int streams() {
        lock.lock();
        try {
            return streams;
        } finally {
            lock.unlock();
        }
    }
}
