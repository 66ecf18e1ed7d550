package io.weir.sketch.delta;

import io.weir.sketch.SampledSketch;
import io.weir.sketch.delta.DeltaState.Known;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One partition and window, as whoever keeps the machine's states has it. */
final class TestingStream {
    private final long windowStartMillis;
    private @Nullable DeltaState state;

    TestingStream(long windowStartMillis) {
        this.windowStartMillis = windowStartMillis;
    }

    /** @param empty a sketch of the stream's parameters when the carrier names them */
    DeltaDisposition accept(Optional<SampledSketch> empty, DeltaFrame frame) {
        DeltaState before = state == null ? new DeltaState.Started(windowStartMillis, empty) : state;
        DeltaMachine.Step step = DeltaMachine.step(before, frame);
        if (!(step.next() instanceof DeltaState.Started)) {
            state = step.next();
        }
        return step.disposition();
    }

    /** The sketch of exactly this time, if all of it came. */
    Optional<SampledSketch> sketch(long fromMillis, long toMillis) {
        return known().filter(it -> it.fromMillis() == fromMillis && it.throughMillis() == toMillis)
                .map(Known::sketch);
    }

    private Optional<Known> known() {
        return switch (state) {
            case null -> Optional.empty();
            case DeltaState.Started started -> Optional.empty();
            case DeltaState.Contiguous contiguous -> Optional.of(contiguous.known());
            case DeltaState.Gap gap -> gap.before();
        };
    }
}
