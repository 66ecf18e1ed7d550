package io.weir.sketch.delta;

import io.weir.sketch.SampledSketch;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The states of all partitions and windows of a source, bounded. For one thread. */
public final class DeltaStreams {
    /** What a stream is named by. */
    public record Key(String partition, long windowStartMillis) {}

    private final int streamsMax;
    private final Map<Key, DeltaState> states = new HashMap<>();

    /** @param streamsMax partitions times windows kept at a time; messages of more are rejected */
    public DeltaStreams(int streamsMax) {
        if (streamsMax < 1) {
            throw new IllegalArgumentException("there is at least one stream, not " + streamsMax);
        }
        this.streamsMax = streamsMax;
    }

    /**
     * Takes a message.
     *
     * @param empty a sketch of the stream's parameters when the carrier names them
     */
    public DeltaDisposition accept(Key key, Optional<SampledSketch> empty, DeltaFrame frame) {
        DeltaState known = states.get(key);
        if (known == null && states.size() >= streamsMax) {
            return new DeltaDisposition.Rejected("more than " + streamsMax + " partitions and windows at a time");
        }
        DeltaState state = known == null ? new DeltaState.Started(key.windowStartMillis, empty) : known;
        DeltaMachine.Step step = DeltaMachine.step(state, frame);
        boolean isNews = known != null || !(step.next() instanceof DeltaState.Started);
        if (isNews) {
            states.put(key, step.next());
        }
        return step.disposition();
    }

    /** The sketch of exactly this time of a stream, if all of it came. */
    public Optional<SampledSketch> sketch(Key key, long fromMillis, long toMillis) {
        return Optional.ofNullable(states.get(key)).flatMap(state -> state.of(fromMillis, toMillis));
    }

    /** Forgets windows that began before a moment; returns how many. */
    public int forgetBefore(long windowStartMillis) {
        int before = states.size();
        states.keySet().removeIf(key -> key.windowStartMillis < windowStartMillis);
        return before - states.size();
    }

    public int size() {
        return states.size();
    }
}
