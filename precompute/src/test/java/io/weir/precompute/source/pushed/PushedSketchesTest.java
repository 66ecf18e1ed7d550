package io.weir.precompute.source.pushed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchKind;
import io.weir.sketch.delta.DeltaDisposition;
import io.weir.sketch.delta.DeltaFrame;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PushedSketchesTest {
    private static final long SECOND = 1_000;
    private static final long KEPT = 900 * SECOND;
    private static final long BEGAN = 1_800_000_000_000L;
    private static final Labels POD_A = Labels.of("pod", "a");
    private static final Labels POD_B = Labels.of("pod", "b");

    private long now = BEGAN;
    private PushedSketches store = store(new PushedSettings(900_000, 60_000, 60_000, 100_000, 64, 256L << 20));

    private PushedSketches store(PushedSettings settings) {
        return new PushedSketches(settings, () -> Instant.ofEpochMilli(now));
    }

    private static PushedSettings settings(int streamsMax, int refusedTimesMax, long bytesMax) {
        return new PushedSettings(KEPT, 60 * SECOND, 60 * SECOND, streamsMax, refusedTimesMax, bytesMax);
    }

    /** Times are seconds since the process began. */
    private DeltaDisposition push(String sender, String metric, Labels labels, long from, long to) {
        DdSketch sketch = SampleSketches.quantiles(0.01);
        sketch.add(1);
        return store.accept(new Push(
                "default",
                sender,
                metric,
                SketchKind.DDSKETCH,
                labels,
                Labels.EMPTY,
                new DeltaFrame(
                        BEGAN + from * SECOND,
                        BEGAN + to * SECOND,
                        new DeltaFrame.Body.Full(SampledSketch.of(sketch)))));
    }

    /** Sketches of ten seconds each, pushed when they end. */
    private void pushEach(String sender, String metric, long from, long to) {
        for (long at = from; at < to; at += 10) {
            now = BEGAN + (at + 10) * SECOND;
            assertThat(push(sender, metric, POD_A, at, at + 10)).isInstanceOf(DeltaDisposition.AppliedFull.class);
        }
    }

    private void refuse(Optional<Labels> labels, long from, long to) {
        store.refuse(new RefusedPush(
                "default",
                "edge",
                "latency",
                Optional.of(SketchKind.DDSKETCH),
                labels.map(it -> new PushedLabels(Labels.EMPTY, it)),
                BEGAN + from * SECOND,
                BEGAN + to * SECOND));
    }

    private SketchBatch ask(String metric, long from, long to, LabelMatcher... matchers) throws SourceException {
        return store.sketches(new PushedSketches.Question(
                "default",
                metric,
                Set.of(SketchKind.DDSKETCH),
                List.of(matchers),
                Optional.empty(),
                BEGAN + from * SECOND,
                BEGAN + to * SECOND));
    }

    private void assertFails(Cause cause, String text, long from, long to) {
        assertThatThrownBy(() -> ask("latency", from, to))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(cause))
                .hasMessageContaining(text);
    }

    @Test
    void aWindowThatIsLongerThanWhatIsKeptIsNoAnswer() throws Exception {
        pushEach("edge", "latency", 0, 3_600);
        now += SECOND;
        assertFails(Cause.LIMIT, "precompute-receiver-pushed-kept-millis=900000", 0, 3_600);
        assertFails(Cause.LIMIT, "precompute-receiver-pushed-kept-millis=900000", 2_700, 3_600);
        assertThat(ask("latency", 2_701, 3_600).coverage()).isEqualTo(1);
        assertThat(ask("latency", 3_300, 3_600).coverage()).isEqualTo(1);
    }

    @Test
    void aSenderWhoseFirstSketchesAreForgottenIsNotNew() throws Exception {
        pushEach("edge", "latency", 0, 60);
        pushEach("edge", "latency", 360, 970);
        now += SECOND;
        // 260 of 870 seconds are missing.
        assertThat(ask("latency", 100, 970).coverage()).isBetween(0.69, 0.71);
        assertThat(ask("latency", 360, 970).coverage()).isEqualTo(1);
    }

    @Test
    void aSenderThatIsForgottenIsNewAfterAWhileOnly() throws Exception {
        pushEach("edge", "latency", 0, 60);
        pushEach("edge", "other", 60, 970);
        pushEach("edge", "latency", 970, 980);
        now += SECOND;
        // It may have pushed until shortly before.
        assertThat(ask("latency", 85, 980).coverage()).isLessThan(0.1);
        assertThat(ask("latency", 200, 980).coverage()).isEqualTo(1);
    }

    @Test
    void whatWasRefusedIsMissingFromItsTimeOnly() throws Exception {
        pushEach("edge", "latency", 0, 300);
        refuse(Optional.empty(), 100, 110);
        assertFails(Cause.BAD_DATA, "that edge pushed", 0, 300);
        assertFails(Cause.BAD_DATA, "were refused", 105, 300);
        assertThat(ask("latency", 110, 300).coverage()).isEqualTo(1);
        assertThat(ask("latency", 0, 100).coverage()).isEqualTo(1);
        // It is forgotten with the sketches of its time.
        pushEach("edge", "latency", 300, 2_000);
        long before = store.retainedBytes();
        refuse(Optional.empty(), 1_000, 1_050);
        assertThat(store.retainedBytes()).isEqualTo(before);
        assertThat(ask("latency", 1_200, 2_000).coverage()).isEqualTo(1);
    }

    @Test
    void whatWasRefusedOfOneLabelSetConcernsWhoAsksForItUntilItIsThere() throws Exception {
        pushEach("edge", "latency", 0, 300);
        refuse(Optional.of(POD_B), 100, 110);
        LabelMatcher isA = LabelMatcher.of(LabelMatcher.Type.EQUAL, "pod", "a");
        assertThat(ask("latency", 0, 300, isA).coverage()).isEqualTo(1);
        assertFails(Cause.BAD_DATA, "were refused", 0, 300);
        // Known already, and sent again as something that cannot be read.
        refuse(Optional.of(POD_A), 200, 210);
        assertThat(ask("latency", 0, 300, isA).coverage()).isEqualTo(1);

        push("edge", "latency", POD_B, 90, 100);
        assertFails(Cause.BAD_DATA, "were refused", 0, 300);
        push("edge", "latency", POD_B, 100, 110);
        assertThat(ask("latency", 0, 300).points()).hasSize(2);
    }

    @Test
    void refusedTimesAreJoinedNotForgotten() throws Exception {
        store = store(settings(100, 2, 1L << 30));
        pushEach("edge", "latency", 0, 600);
        refuse(Optional.of(POD_B), 100, 110);
        refuse(Optional.of(POD_B), 110, 120);
        refuse(Optional.of(POD_B), 200, 210);
        // Two times are left, of any label set.
        assertFails(Cause.BAD_DATA, "were refused", 100, 120);
        assertFails(Cause.BAD_DATA, "were refused", 200, 210);
        assertThat(ask("latency", 120, 200).coverage()).isEqualTo(1);
        long bytes = store.retainedBytes();
        refuse(Optional.of(POD_B), 400, 410);
        assertFails(Cause.BAD_DATA, "were refused", 120, 200);
        assertThat(ask("latency", 410, 600).coverage()).isEqualTo(1);
        assertThat(store.retainedBytes()).isLessThanOrEqualTo(bytes);
    }

    @Test
    void aFullStoreAnswersNothingOfTheTimeThatItRefused() throws Exception {
        store = store(settings(1, 8, 1L << 30));
        pushEach("edge", "latency", 0, 100);
        now = BEGAN + 110 * SECOND;
        assertThat(push("edge", "latency", POD_A, 100, 110)).isInstanceOf(DeltaDisposition.AppliedFull.class);
        assertThat(push("edge", "latency", POD_B, 100, 110)).isInstanceOf(DeltaDisposition.Rejected.class);
        assertFails(Cause.BAD_DATA, "were refused", 50, 110);
        assertThat(ask("latency", 50, 100).coverage()).isEqualTo(1);

        store = store(settings(10, 8, 1));
        now = BEGAN;
        push("edge", "latency", POD_A, -10, 0);
        assertThat(push("edge", "latency", POD_B, -10, 0)).isInstanceOf(DeltaDisposition.Rejected.class);
        assertFails(Cause.BAD_DATA, "were refused", -10, 0);

        store = store(settings(10, 8, 1));
        push("edge", "latency", POD_A, -10, 0);
        long bytes = store.retainedBytes();
        assertThat(push("other", "latency", POD_B, -10, 0)).isInstanceOf(DeltaDisposition.Rejected.class);
        assertFails(Cause.BAD_DATA, "precompute-receiver-pushed-bytes-max=1", -10, 0);
        assertThat(store.retainedBytes()).isEqualTo(bytes);
    }

    @Test
    void whatIsOfAWrongTimeSaysNothingOfOurs() throws Exception {
        pushEach("edge", "latency", 0, 100);
        push("edge", "latency", POD_B, -5_000, -4_000);
        push("edge", "latency", POD_B, 0, 1_000_000);
        assertThat(ask("latency", 0, 100).coverage()).isEqualTo(1);
        // A clock that is ahead by little: what it told will be missing.
        push("edge", "latency", POD_B, 170, 180);
        pushEach("edge", "latency", 100, 200);
        assertFails(Cause.BAD_DATA, "were refused", 100, 200);
    }

    @Test
    void labelsCountAsSketchesDo() {
        store = store(settings(100, 8, 1 << 20));
        Labels longer = Labels.of("pod", "x".repeat(300_000));
        push("edge", "latency", longer, -10, 0);
        assertThat(store.retainedBytes()).isGreaterThan(600_000);
        push("edge", "latency", Labels.of("pod", "y".repeat(300_000)), -10, 0);
        assertThat(push("edge", "latency", POD_A, -10, 0)).isInstanceOf(DeltaDisposition.Rejected.class);
        // All of it is free again.
        now += 1_000 * SECOND;
        assertThat(push("edge", "latency", POD_A, 990, 1_000)).isInstanceOf(DeltaDisposition.AppliedFull.class);
        assertThat(store.retainedBytes()).isLessThan(10_000);
        now += 1_000 * SECOND;
        refuse(Optional.empty(), -10, 0);
        assertThat(store.retainedBytes()).isZero();
    }
}
