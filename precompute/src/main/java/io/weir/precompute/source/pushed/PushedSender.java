package io.weir.precompute.source.pushed;

import io.weir.precompute.source.pushed.PushedStream.Missing;
import io.weir.promql.labels.LabelMatcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What is known of one sender of one metric beside its sketches: since when it pushes, and what of it was refused. Its sketches look complete without
 * what was refused, since the ones of other label sets tell of the same time. For one thread at a time.
 */
final class PushedSender {
    /** With a refused time, so that there is always room for one. */
    private static final long SENDER_BYTES = 512;

    private static final long REFUSED_BYTES = 128;

    private final long forgottenThroughMillis;
    private final long keyBytes;
    private List<Refused> refused = List.of();
    private long firstMillis = Long.MAX_VALUE;
    private long lastMillis = Long.MIN_VALUE;

    /** A time of which something was refused. @param labels of what; empty for anything */
    record Refused(Optional<PushedLabels> labels, Missing time) {
        private boolean contains(Refused other) {
            return (labels.isEmpty() || labels.equals(other.labels)) && time.contains(other.time);
        }

        private boolean concerns(List<LabelMatcher> matchers) {
            return labels.map(it -> matchers.stream().allMatch(matcher -> matcher.matches(it.labels())))
                    .orElse(true);
        }

        private long bytes() {
            return REFUSED_BYTES + labels.map(PushedLabels::bytes).orElse(0L);
        }
    }

    /**
     * A sender of which nothing came yet.
     *
     * @param forgottenThroughMillis what it may have pushed up to then is forgotten
     * @param keyBytes heap of what it is found by
     */
    PushedSender(long forgottenThroughMillis, long keyBytes) {
        this.forgottenThroughMillis = forgottenThroughMillis;
        this.keyBytes = keyBytes;
    }

    /** Something of it was taken. */
    void pushed(long toMillis) {
        firstMillis = Math.min(firstMillis, toMillis);
        lastMillis = Math.max(lastMillis, toMillis);
    }

    /**
     * Something of it was refused.
     *
     * @param timesMax beyond so many, labels are forgotten and times joined: more is missing then than was refused, never less
     * @param isFull whether no further one may be remembered
     */
    void refuse(Refused one, int timesMax, boolean isFull) {
        if (refused.stream().anyMatch(it -> it.contains(one))) {
            return;
        }
        List<Refused> all = new ArrayList<>(refused);
        all.add(one);
        int max = isFull ? Math.max(1, refused.size()) : timesMax;
        refused = isFull || all.size() > max ? joined(all, max) : all;
    }

    private static List<Refused> joined(List<Refused> all, int max) {
        List<Missing> times = new ArrayList<>();
        all.stream()
                .map(Refused::time)
                .sorted(Comparator.comparingLong(Missing::fromMillis))
                .forEach(time -> {
                    if (!times.isEmpty() && time.fromMillis() <= times.getLast().toMillis()) {
                        times.set(times.size() - 1, times.getLast().joined(time));
                    } else {
                        times.add(time);
                    }
                });
        List<Missing> some =
                times.size() <= max ? times : List.of(times.getFirst().joined(times.getLast()));
        return some.stream().map(it -> new Refused(Optional.empty(), it)).toList();
    }

    /** What was refused of a stream came after all, or a checkpoint that covers it. */
    void heal(PushedLabels labels, PushedStream stream) {
        if (!refused.isEmpty()) {
            refused = refused.stream()
                    .filter(it -> !(it.labels.equals(Optional.of(labels)) && stream.covers(it.time)))
                    .toList();
        }
    }

    /** The first time within (fromMillis, toMillis] of which something that matches was refused. */
    Optional<Missing> refused(List<LabelMatcher> matchers, long fromMillis, long toMillis) {
        return refused.stream()
                .filter(it -> it.time.overlaps(fromMillis, toMillis) && it.concerns(matchers))
                .map(Refused::time)
                .findFirst();
    }

    /** Whether it pushed before a moment, or may have: nothing that it did not tell of the time after that was not there to be told. */
    boolean wasThere(long millis, long marginMillis) {
        boolean hasPushed = lastMillis > Long.MIN_VALUE;
        return hasPushed && (firstMillis <= millis || forgottenThroughMillis + marginMillis > millis);
    }

    void forgetThrough(long millis) {
        if (!refused.isEmpty()) {
            refused = refused.stream().filter(it -> it.time.toMillis() > millis).toList();
        }
    }

    /** Whether nothing of it is after a moment. */
    boolean isEmptyAfter(long millis) {
        return lastMillis <= millis && refused.isEmpty();
    }

    /** Heap it takes, estimated. */
    long retainedBytes() {
        return SENDER_BYTES
                + keyBytes
                + refused.stream().mapToLong(Refused::bytes).sum();
    }
}
