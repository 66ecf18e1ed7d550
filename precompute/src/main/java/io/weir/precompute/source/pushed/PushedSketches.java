package io.weir.precompute.source.pushed;

import io.weir.precompute.source.LabelsHeap;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.pushed.PushedCoverage.Span;
import io.weir.precompute.source.pushed.PushedStream.Missing;
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
import java.util.function.Consumer;

/**
 * Sketches that were pushed to this process, for a while, in memory. Thread-safe.
 *
 * <p>Nothing that is missing or stale becomes zero: a window is answered only if it is kept, every sender that was there told all of it, nothing of
 * it was refused, and no change of a sketch is missing. A full store refuses what is new; it throws nothing away before its time.
 */
public final class PushedSketches {
    private static final long SWEEP_MILLIS = 10_000;
    private static final long STREAM_BYTES = 512;

    private final PushedSettings settings;
    private final InstantSource clock;
    private final long beganMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<MetricKey, OfMetric> metrics = new HashMap<>();
    /** A time of which something was refused when there was no room to remember of whom. */
    private Optional<Missing> refusedOfAnybody = Optional.empty();

    private long forgottenThroughMillis = Long.MIN_VALUE;
    private int streams;
    private long retainedBytes;
    private long sweptMillis;

    private record MetricKey(String tenant, String metric, SketchKind kind) {
        long bytes() {
            return LabelsHeap.bytes(tenant) + LabelsHeap.bytes(metric);
        }
    }

    private record StreamKey(String sender, PushedLabels of) {
        Labels labels() {
            return of.labels();
        }

        long bytes() {
            return STREAM_BYTES + LabelsHeap.bytes(sender) + of.bytes();
        }
    }

    private static final class OfMetric {
        private final Map<StreamKey, PushedStream> streams = new HashMap<>();
        private final Map<String, PushedSender> senders = new HashMap<>();

        boolean isEmpty() {
            return streams.isEmpty() && senders.isEmpty();
        }
    }

    /** What is known of one stream, taken out of the store. */
    private record Snapshot(StreamKey key, List<Known> known, Optional<Missing> missing) {}

    /**
     * What is known of a metric, taken out of the store.
     *
     * @param there senders that were there before the window
     */
    private record Taken(List<Snapshot> streams, Set<String> there) {}

    public PushedSketches(PushedSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        beganMillis = clock.millis();
        sweptMillis = beganMillis;
    }

    /** Takes one push; says what became of it. What is rejected is missing from its time on. */
    public DeltaDisposition accept(Push push) {
        long now = clock.millis();
        lock.lock();
        try {
            sweepWhenDue(now);
            DeltaDisposition disposition = outOfTime(push, now).orElseGet(() -> put(push));
            if (disposition instanceof DeltaDisposition.Rejected) {
                miss(RefusedPush.of(push), now);
            }
            return disposition;
        } finally {
            lock.unlock();
        }
    }

    /** Remembers that something was pushed and could not be taken: windows over its time are not answered. */
    public void refuse(RefusedPush refused) {
        long now = clock.millis();
        lock.lock();
        try {
            sweepWhenDue(now);
            miss(refused, now);
        } finally {
            lock.unlock();
        }
    }

    private Optional<DeltaDisposition> outOfTime(Push push, long now) {
        long to = push.frame().toMillis();
        if (to > now + settings.aheadMillisMax()) {
            return Optional.of(new DeltaDisposition.Rejected("it ends " + (to - now)
                    + " ms in the future; precompute-receiver-pushed-ahead-millis-max=" + settings.aheadMillisMax()));
        }
        if (to <= now - settings.keptMillis()) {
            return Optional.of(new DeltaDisposition.Rejected("it ended " + (now - to)
                    + " ms ago; precompute-receiver-pushed-kept-millis=" + settings.keptMillis()));
        }
        return Optional.empty();
    }

    private boolean isFull() {
        return retainedBytes >= settings.bytesMax();
    }

    private DeltaDisposition put(Push push) {
        if (isFull()) {
            return new DeltaDisposition.Rejected(
                    "the store of pushed sketches is full: precompute-receiver-pushed-bytes-max="
                            + settings.bytesMax());
        }
        MetricKey metric = new MetricKey(push.tenant(), push.metric(), push.kind());
        StreamKey key = new StreamKey(push.sender(), new PushedLabels(push.resource(), push.labels()));
        OfMetric ofMetric = metrics.get(metric);
        PushedStream known = ofMetric == null ? null : ofMetric.streams.get(key);
        if (known == null && streams >= settings.streamsMax()) {
            return new DeltaDisposition.Rejected("more than precompute-receiver-pushed-streams-max="
                    + settings.streamsMax() + " metrics and label sets are pushed");
        }
        PushedStream stream = known == null ? new PushedStream() : known;
        long before = stream.retainedBytes();
        DeltaDisposition disposition = stream.accept(push.frame());
        if (known == null && !stream.isEmpty()) {
            metrics.computeIfAbsent(metric, any -> new OfMetric()).streams.put(key, stream);
            streams++;
            retainedBytes += key.bytes();
        }
        retainedBytes += stream.retainedBytes() - before;
        if (!(disposition instanceof DeltaDisposition.Rejected)) {
            changeSender(metric, push.sender(), sender -> {
                sender.pushed(push.frame().toMillis());
                sender.heal(key.of, stream);
            });
        }
        return disposition;
    }

    private void changeSender(MetricKey metric, String name, Consumer<PushedSender> change) {
        OfMetric ofMetric = metrics.computeIfAbsent(metric, any -> new OfMetric());
        PushedSender known = ofMetric.senders.get(name);
        PushedSender sender = known == null
                ? new PushedSender(forgottenThroughMillis, metric.bytes() + LabelsHeap.bytes(name))
                : known;
        long before = known == null ? 0 : known.retainedBytes();
        ofMetric.senders.put(name, sender);
        change.accept(sender);
        retainedBytes += sender.retainedBytes() - before;
    }

    private void miss(RefusedPush refused, long now) {
        long to = refused.toMillis();
        if (to <= now - settings.keptMillis() || to > now + settings.keptMillis()) {
            // No window of that time is answered, or the time is a wrong one: it says nothing of what is missing.
            return;
        }
        Missing time = new Missing(Math.min(refused.fromMillis(), to - 1), to);
        List<SketchKind> kinds = refused.kind().map(it -> List.of(it)).orElse(List.of(SketchKind.values()));
        for (SketchKind kind : kinds) {
            miss(new MetricKey(refused.tenant(), refused.metric(), kind), refused, time);
        }
    }

    private void miss(MetricKey metric, RefusedPush refused, Missing time) {
        OfMetric ofMetric = metrics.get(metric);
        boolean isKnown = ofMetric != null && ofMetric.senders.containsKey(refused.sender());
        if (!isKnown && isFull()) {
            refusedOfAnybody =
                    Optional.of(refusedOfAnybody.map(it -> it.joined(time)).orElse(time));
            return;
        }
        if (ofMetric != null && refused.labels().isPresent()) {
            StreamKey key = new StreamKey(refused.sender(), refused.labels().get());
            PushedStream stream = ofMetric.streams.get(key);
            if (stream != null && stream.covers(time)) {
                // It was sent again, broken or when there was no room: all of it is known.
                return;
            }
        }
        boolean isFull = isFull();
        changeSender(
                metric,
                refused.sender(),
                sender -> sender.refuse(
                        new PushedSender.Refused(refused.labels(), time), settings.refusedTimesMax(), isFull));
    }

    private void sweepWhenDue(long now) {
        if (now - sweptMillis < SWEEP_MILLIS) {
            return;
        }
        sweptMillis = now;
        long oldest = now - settings.keptMillis();
        metrics.values().removeIf(ofMetric -> {
            sweep(ofMetric, oldest);
            return ofMetric.isEmpty();
        });
        refusedOfAnybody = refusedOfAnybody.filter(it -> it.toMillis() > oldest);
    }

    private void sweep(OfMetric ofMetric, long oldest) {
        ofMetric.streams.entrySet().removeIf(entry -> {
            PushedStream stream = entry.getValue();
            long before = stream.retainedBytes();
            stream.forgetThrough(oldest);
            retainedBytes -= before - stream.retainedBytes();
            if (stream.isEmpty()) {
                streams--;
                retainedBytes -= entry.getKey().bytes();
            }
            return stream.isEmpty();
        });
        ofMetric.senders.values().removeIf(sender -> {
            long before = sender.retainedBytes();
            sender.forgetThrough(oldest);
            boolean isForgotten = sender.isEmptyAfter(oldest);
            retainedBytes -= before - (isForgotten ? 0 : sender.retainedBytes());
            if (isForgotten) {
                forgottenThroughMillis = oldest;
            }
            return isForgotten;
        });
    }

    /** Whether any of these senders pushed anything for a tenant. */
    public boolean knows(String tenant, Set<String> senders) {
        lock.lock();
        try {
            return metrics.entrySet().stream()
                    .filter(it -> it.getKey().tenant.equals(tenant))
                    .anyMatch(it ->
                            it.getValue().streams.keySet().stream().anyMatch(key -> senders.contains(key.sender)));
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
            long toMillis) {
        private boolean isAsked(String sender) {
            return senders.map(it -> it.contains(sender)).orElse(true);
        }
    }

    /**
     * The sketches of a window, merged, by label set.
     *
     * @throws SourceException if the window is longer than what is kept, nothing was pushed under that name, something of it is missing or was
     *     refused, or does not merge
     */
    public SketchBatch sketches(Question question) throws SourceException {
        Taken taken = take(question);
        List<Snapshot> all = taken.streams;
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
                .filter(it -> question.matchers.stream().allMatch(matcher -> matcher.matches(it.key.labels())))
                .toList();
        for (Snapshot snapshot : matching) {
            if (snapshot.missing.isPresent()) {
                throw new SourceException(
                        Cause.BAD_DATA,
                        "changes of " + question.metric + snapshot.key.labels() + " from "
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
        return new SketchBatch(points, coverage(question, taken));
    }

    private Taken take(Question question) throws SourceException {
        List<Snapshot> streamsTaken = new ArrayList<>();
        Set<String> there = new HashSet<>();
        Set<SketchKind> kinds = new HashSet<>();
        lock.lock();
        try {
            requireKept(question);
            for (SketchKind kind : question.kinds) {
                OfMetric ofMetric = metrics.get(new MetricKey(question.tenant, question.metric, kind));
                if (ofMetric == null) {
                    continue;
                }
                requireNotRefused(question, ofMetric);
                ofMetric.senders.forEach((name, sender) -> {
                    if (sender.wasThere(question.fromMillis, settings.straddleMillisMax())) {
                        there.add(name);
                    }
                });
                ofMetric.streams.forEach((key, stream) -> {
                    if (question.isAsked(key.sender)) {
                        kinds.add(kind);
                        streamsTaken.add(new Snapshot(
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
        return new Taken(streamsTaken, there);
    }

    private void requireKept(Question question) throws SourceException {
        long oldest = clock.millis() - settings.keptMillis();
        if (question.fromMillis < oldest) {
            throw new SourceException(
                    Cause.LIMIT,
                    "the window begins " + (oldest - question.fromMillis)
                            + " ms before what is kept of pushes: precompute-receiver-pushed-kept-millis="
                            + settings.keptMillis() + "; it must be longer than the window and the wait of its ticks");
        }
        if (refusedOfAnybody
                .map(it -> it.overlaps(question.fromMillis, question.toMillis))
                .orElse(false)) {
            throw new SourceException(
                    Cause.BAD_DATA,
                    "pushes of that time were refused since the store of pushed sketches was full:"
                            + " precompute-receiver-pushed-bytes-max=" + settings.bytesMax());
        }
    }

    private static void requireNotRefused(Question question, OfMetric ofMetric) throws SourceException {
        for (Map.Entry<String, PushedSender> sender : ofMetric.senders.entrySet()) {
            Optional<Missing> refused = question.isAsked(sender.getKey())
                    ? sender.getValue().refused(question.matchers, question.fromMillis, question.toMillis)
                    : Optional.empty();
            if (refused.isPresent()) {
                throw new SourceException(
                        Cause.BAD_DATA,
                        "points of " + question.metric + " that " + sender.getKey() + " pushed, from "
                                + refused.get().fromMillis() + " to "
                                + refused.get().toMillis() + ", were refused; the answer to that push said why");
            }
        }
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
                        "sketches of " + question.metric + snapshot.key.labels() + " overlap: one begins at "
                                + known.fromMillis() + ", another ends at " + through);
            }
            through = known.throughMillis();
            SampledSketch sum = merged.get(snapshot.key.labels());
            if (sum == null) {
                merged.put(
                        snapshot.key.labels(),
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
    private double coverage(Question question, Taken taken) {
        Map<String, List<Span>> bySender = new HashMap<>();
        for (Snapshot snapshot : taken.streams) {
            List<Span> spans = bySender.computeIfAbsent(snapshot.key.sender, any -> new ArrayList<>());
            snapshot.known.forEach(it -> spans.add(Span.of(it)));
        }
        double least = 1;
        boolean isAny = false;
        for (Map.Entry<String, List<Span>> sender : bySender.entrySet()) {
            List<Span> spans = sender.getValue();
            long last = spans.stream().mapToLong(Span::throughMillis).max().orElse(Long.MIN_VALUE);
            long first = spans.stream().mapToLong(Span::throughMillis).min().orElse(Long.MAX_VALUE);
            boolean isGone = last <= question.fromMillis;
            boolean isLater = first > question.toMillis;
            if (isGone || isLater) {
                continue;
            }
            isAny = true;
            boolean isNew = beganMillis <= question.fromMillis && !taken.there.contains(sender.getKey());
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
