package io.weir.queryapi.spi;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKind;
import java.util.List;

/**
 * Makes sketches of samples on the workers, on the normal path, in the priority class of {@link BackgroundQueries} and within its bounds. Thread-safe.
 */
public interface SketchQueries {
    /**
     * A segment that may hold what was asked for.
     *
     * @param minTimeMillis of its samples
     * @param maxTimeMillis of its samples
     */
    record SegmentSpan(String id, long minTimeMillis, long maxTimeMillis) {}

    /**
     * Stretches of time of equal length, one behind the other; each is (end - length, end].
     *
     * @param firstEndMillis end of the first one
     * @param lengthMillis from 1
     * @param count from 1
     */
    record Granules(long firstEndMillis, long lengthMillis, int count) {
        public Granules {
            if (lengthMillis < 1 || count < 1) {
                throw new IllegalArgumentException(count + " granules of " + lengthMillis + " ms");
            }
        }

        /** Before all of them. */
        public long afterMillis() {
            return firstEndMillis - lengthMillis;
        }

        /** The end of the last one. */
        public long untilMillis() {
            return endMillis(count - 1);
        }

        /** The end of one of them, from 0. */
        public long endMillis(int index) {
            return firstEndMillis + index * lengthMillis;
        }
    }

    /**
     * What sketches to build.
     *
     * @param relativeAccuracy of a DDSketch
     * @param precision of a HyperLogLog, in bits
     * @param candidatesMax values that a Count-Min remembers
     */
    record Form(SketchKind kind, double relativeAccuracy, int precision, int candidatesMax) {}

    /**
     * What is asked.
     *
     * @param matchers of a selector, the metric's name among them
     * @param heapBytesMax of all sketches of the answer
     */
    record Question(String tenant, List<LabelMatcher> matchers, Granules granules, Form form, long heapBytesMax) {
        public Question {
            matchers = List.copyOf(matchers);
        }
    }

    /**
     * The sketch of one series over one granule in which it has samples.
     *
     * @param labels all of them, the metric's name too
     * @param granule index, from 0
     * @param sketch the receiver owns it
     */
    record Part(Labels labels, int granule, Sketch sketch) {}

    /** Parts in no particular order, and the segments that were read for them. */
    record Answer(List<SegmentSpan> segments, List<Part> parts) {
        public Answer {
            segments = List.copyOf(segments);
            parts = List.copyOf(parts);
        }
    }

    /**
     * The segments that may hold samples of a selector now, as the catalog has them: as long as they are the same, so are the answers.
     *
     * @param afterMillis samples later than this
     * @param untilMillis and no later than this
     * @throws io.weir.lake.database.DatabaseUnavailableException if it does not answer
     */
    List<SegmentSpan> segments(String tenant, List<LabelMatcher> matchers, long afterMillis, long untilMillis);

    /**
     * Sketches of samples; blocks until they are there.
     *
     * @param deadlineNanos {@link System#nanoTime}
     * @throws io.weir.promql.error.QueryException as for a user's query
     * @throws InterruptedException the query was cancelled, on the workers too
     */
    Answer sketches(Question question, long deadlineNanos) throws InterruptedException;
}
