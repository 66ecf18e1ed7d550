package io.weir.precompute.source.pushed;

import io.weir.sketch.delta.DeltaDisposition;
import io.weir.sketch.delta.DeltaFrame;
import io.weir.sketch.delta.DeltaMachine;
import io.weir.sketch.delta.DeltaState;
import io.weir.sketch.delta.DeltaState.Known;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The windows of one sender, metric and label set, as its messages make them. For one thread at a time; what it gives away is never changed.
 *
 * <p>A full sketch is a window of its own, or a checkpoint of one that begins where it begins. A change belongs to the newest window that began
 * before it. What is missing between changes stays missing until a checkpoint covers it.
 */
final class PushedStream {
    /** Heap of a window beside its sketch, estimated. */
    private static final long WINDOW_BYTES = 256;

    private final TreeMap<Long, Window> windows = new TreeMap<>();
    private long retainedBytes;

    /** Time of which nothing usable came: (fromMillis, toMillis]. */
    record Missing(long fromMillis, long toMillis) {
        boolean overlaps(long otherFromMillis, long otherToMillis) {
            return fromMillis < otherToMillis && toMillis > otherFromMillis;
        }

        boolean contains(Missing other) {
            return fromMillis <= other.fromMillis && toMillis >= other.toMillis;
        }

        /** Both, and what is between them. */
        Missing joined(Missing other) {
            return new Missing(Math.min(fromMillis, other.fromMillis), Math.max(toMillis, other.toMillis));
        }
    }

    private record Window(DeltaState state, Optional<Missing> missing) {
        long retainedBytes() {
            return WINDOW_BYTES
                    + known(state)
                            .map(it -> it.sketch().sketch().retainedBytes())
                            .orElse(0L);
        }
    }

    private static Optional<Known> known(DeltaState state) {
        return switch (state) {
            case DeltaState.Started started -> Optional.empty();
            case DeltaState.Contiguous contiguous -> Optional.of(contiguous.known());
            case DeltaState.Gap gap -> gap.before();
        };
    }

    DeltaDisposition accept(DeltaFrame frame) {
        long windowStart = windowOf(frame);
        Window before = windows.get(windowStart);
        DeltaState state = before == null ? new DeltaState.Started(windowStart, Optional.empty()) : before.state;
        DeltaMachine.Step step = DeltaMachine.step(state, frame);
        if (step.next() instanceof DeltaState.Started) {
            return step.disposition();
        }
        Optional<Missing> missing = before == null ? Optional.empty() : before.missing;
        if (step.disposition() instanceof DeltaDisposition.AwaitingCheckpoint) {
            missing = Optional.of(missing(missing, known(step.next()), frame));
        } else {
            missing = missing.flatMap(it -> left(it, known(step.next())));
        }
        put(windowStart, new Window(step.next(), missing));
        if (step.disposition() instanceof DeltaDisposition.AppliedFull) {
            known(step.next()).ifPresent(it -> subsume(windowStart, it));
        }
        return step.disposition();
    }

    private long windowOf(DeltaFrame frame) {
        return switch (frame.body()) {
            case DeltaFrame.Body.Full full -> frame.fromMillis();
            case DeltaFrame.Body.Changes changes -> {
                Long newest = windows.floorKey(frame.fromMillis());
                yield newest == null ? frame.fromMillis() : newest;
            }
        };
    }

    private static Missing missing(Optional<Missing> before, Optional<Known> known, DeltaFrame frame) {
        long from = before.map(Missing::fromMillis)
                .or(() -> known.map(Known::throughMillis))
                .orElse(frame.fromMillis());
        return new Missing(from, Math.max(before.map(Missing::toMillis).orElse(frame.toMillis()), frame.toMillis()));
    }

    /** What of it stays missing when everything of a window through a moment is known. */
    private static Optional<Missing> left(Missing missing, Optional<Known> known) {
        long through = known.map(Known::throughMillis).orElse(Long.MIN_VALUE);
        long from = known.map(Known::fromMillis).orElse(Long.MAX_VALUE);
        if (from > missing.fromMillis || through <= missing.fromMillis) {
            return Optional.of(missing);
        }
        return through >= missing.toMillis ? Optional.empty() : Optional.of(new Missing(through, missing.toMillis));
    }

    /** A checkpoint stands for all that lies within it. */
    private void subsume(long windowStart, Known checkpoint) {
        List<Long> within = new ArrayList<>();
        windows.forEach((start, window) -> {
            if (start == windowStart) {
                return;
            }
            boolean isWithin = known(window.state)
                    .map(it -> it.fromMillis() >= checkpoint.fromMillis()
                            && it.throughMillis() <= checkpoint.throughMillis())
                    .orElse(true);
            boolean isMissingCovered = window.missing
                    .map(it -> it.fromMillis >= checkpoint.fromMillis() && it.toMillis <= checkpoint.throughMillis())
                    .orElse(true);
            if (isWithin && isMissingCovered) {
                within.add(start);
            }
        });
        within.forEach(this::remove);
    }

    private void put(long start, Window window) {
        Window replaced = windows.put(start, window);
        retainedBytes += window.retainedBytes() - (replaced == null ? 0 : replaced.retainedBytes());
    }

    private void remove(long start) {
        Window removed = windows.remove(start);
        if (removed != null) {
            retainedBytes -= removed.retainedBytes();
        }
    }

    /** All that is known, by when it ends. */
    List<Known> known() {
        return windows.values().stream()
                .flatMap(it -> known(it.state).stream())
                .sorted((left, right) -> Long.compare(left.throughMillis(), right.throughMillis()))
                .toList();
    }

    /** The first time within (fromMillis, toMillis] of which a change is missing. */
    Optional<Missing> missing(long fromMillis, long toMillis) {
        return windows.values().stream()
                .flatMap(it -> it.missing.stream())
                .filter(it -> it.overlaps(fromMillis, toMillis))
                .findFirst();
    }

    /** Whether one sketch tells of all of a time. */
    boolean covers(Missing time) {
        return windows.values().stream()
                .flatMap(it -> known(it.state).stream())
                .anyMatch(it -> it.fromMillis() <= time.fromMillis && it.throughMillis() >= time.toMillis);
    }

    /** Forgets windows of which nothing is younger. */
    void forgetThrough(long millis) {
        Iterator<Map.Entry<Long, Window>> each = windows.entrySet().iterator();
        while (each.hasNext()) {
            Window window = each.next().getValue();
            long through = Math.max(
                    known(window.state).map(Known::throughMillis).orElse(Long.MIN_VALUE),
                    window.missing.map(Missing::toMillis).orElse(Long.MIN_VALUE));
            if (through <= millis) {
                retainedBytes -= window.retainedBytes();
                each.remove();
            }
        }
    }

    boolean isEmpty() {
        return windows.isEmpty();
    }

    /** Heap it takes, estimated. */
    long retainedBytes() {
        return retainedBytes;
    }
}
