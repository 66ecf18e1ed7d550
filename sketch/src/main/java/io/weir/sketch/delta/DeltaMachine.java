package io.weir.sketch.delta;

import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchCapacityException;
import io.weir.sketch.delta.DeltaDisposition.AppliedDelta;
import io.weir.sketch.delta.DeltaDisposition.AppliedFull;
import io.weir.sketch.delta.DeltaDisposition.AwaitingCheckpoint;
import io.weir.sketch.delta.DeltaDisposition.Duplicate;
import io.weir.sketch.delta.DeltaDisposition.Rejected;
import io.weir.sketch.delta.DeltaState.Contiguous;
import io.weir.sketch.delta.DeltaState.Gap;
import io.weir.sketch.delta.DeltaState.Known;
import io.weir.sketch.delta.DeltaState.Started;
import java.util.Optional;

/**
 * How messages about one partition and window join: a pure state machine.
 *
 * <p>The formats number nothing, so the order is told by time: a change joins when it begins where the known ends. Later is a
 * gap, earlier and ending no later a duplicate, and anything that overlaps is refused, for its part in common would count
 * twice.
 */
public final class DeltaMachine {
    private DeltaMachine() {}

    /** The state after a message, and what became of the message. */
    public record Step(DeltaState next, DeltaDisposition disposition) {}

    public static Step step(DeltaState state, DeltaFrame frame) {
        if (frame.fromMillis() >= frame.toMillis()) {
            return new Step(state, new Rejected("a message from " + frame.fromMillis() + " to " + frame.toMillis()));
        }
        return switch (state) {
            case Started started -> first(started, frame);
            case Contiguous contiguous -> joined(contiguous, contiguous.known(), frame);
            case Gap gap -> afterGap(gap, frame);
        };
    }

    private static Step first(Started started, DeltaFrame frame) {
        return switch (frame.body()) {
            case DeltaFrame.Body.Full full -> checkpoint(frame, full.sketch());
            case DeltaFrame.Body.Changes changes -> {
                if (started.empty().isEmpty() || frame.fromMillis() != started.windowStartMillis()) {
                    yield new Step(new Gap(Optional.empty()), new AwaitingCheckpoint(started.windowStartMillis()));
                }
                long start = started.windowStartMillis();
                yield applied(started, new Known(started.empty().get(), start, start), changes.changes(), frame);
            }
        };
    }

    private static Step joined(DeltaState state, Known known, DeltaFrame frame) {
        if (frame.toMillis() <= known.throughMillis()) {
            return new Step(state, new Duplicate());
        }
        return switch (frame.body()) {
            case DeltaFrame.Body.Full full -> {
                if (frame.fromMillis() != known.fromMillis()) {
                    yield new Step(
                            state,
                            new Rejected(
                                    "a checkpoint from " + frame.fromMillis() + ", not from " + known.fromMillis()));
                }
                yield checkpoint(frame, full.sketch());
            }
            case DeltaFrame.Body.Changes changes -> {
                if (frame.fromMillis() > known.throughMillis()) {
                    yield new Step(new Gap(Optional.of(known)), new AwaitingCheckpoint(known.throughMillis()));
                }
                if (frame.fromMillis() < known.throughMillis()) {
                    yield new Step(
                            state,
                            new Rejected("changes from " + frame.fromMillis() + " overlap what is known up to "
                                    + known.throughMillis()));
                }
                yield applied(state, known, changes.changes(), frame);
            }
        };
    }

    private static Step afterGap(Gap gap, DeltaFrame frame) {
        long through = gap.before().map(Known::throughMillis).orElse(Long.MIN_VALUE);
        if (frame.toMillis() <= through) {
            return new Step(gap, new Duplicate());
        }
        return switch (frame.body()) {
            case DeltaFrame.Body.Full full -> {
                long from = gap.before().map(Known::fromMillis).orElse(frame.fromMillis());
                yield frame.fromMillis() == from
                        ? checkpoint(frame, full.sketch())
                        : new Step(gap, new Rejected("a checkpoint from " + frame.fromMillis() + ", not from " + from));
            }
            case DeltaFrame.Body.Changes changes -> {
                // What was late closes the gap when it joins; what followed it is asked for again by a checkpoint.
                yield gap.before().isPresent() && frame.fromMillis() == through
                        ? applied(gap, gap.before().get(), changes.changes(), frame)
                        : new Step(gap, new AwaitingCheckpoint(through));
            }
        };
    }

    private static Step checkpoint(DeltaFrame frame, SampledSketch sketch) {
        SampledSketch own = new SampledSketch(sketch.sketch().copy(), sketch.rate());
        return new Step(new Contiguous(new Known(own, frame.fromMillis(), frame.toMillis())), new AppliedFull());
    }

    private static Step applied(DeltaState state, Known known, DeltaChanges changes, DeltaFrame frame) {
        try {
            Sketch changed = changes.appliedTo(known.sketch().sketch());
            SampledSketch sketch = new SampledSketch(changed, known.sketch().rate());
            return new Step(
                    new Contiguous(new Known(sketch, known.fromMillis(), frame.toMillis())), new AppliedDelta());
        } catch (IllegalArgumentException | SketchCapacityException e) {
            return new Step(state, new Rejected(String.valueOf(e.getMessage())));
        }
    }
}
