package io.weir.sketch.delta;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.DdSketchLimits;
import io.weir.sketch.FrequencyParameters;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.LogarithmicMapping;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.TestingRandom;
import io.weir.sketch.delta.DeltaDisposition.AppliedDelta;
import io.weir.sketch.delta.DeltaDisposition.AppliedFull;
import io.weir.sketch.delta.DeltaDisposition.AwaitingCheckpoint;
import io.weir.sketch.delta.DeltaDisposition.Duplicate;
import io.weir.sketch.delta.DeltaDisposition.Rejected;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Streams of changes: joined without gaps, counted once, and never an empty sketch in place of a missing one. */
class DeltaMachineTest {
    private static final long START = 60_000;
    private static final Optional<SampledSketch> EMPTY = Optional.of(SampledSketch.of(DdSketch.ofAccuracy(0.01)));

    private static DeltaFrame delta(long from, long to, double... weights) {
        List<DeltaChanges.Bins.Bin> bins = new java.util.ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            bins.add(new DeltaChanges.Bins.Bin(i, weights[i]));
        }
        return new DeltaFrame(from, to, new DeltaFrame.Body.Changes(new DeltaChanges.Bins(bins)));
    }

    private static DeltaFrame full(long from, long to, double weight) {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        sketch.addToBin(true, 0, weight);
        return new DeltaFrame(from, to, new DeltaFrame.Body.Full(SampledSketch.of(sketch)));
    }

    private static double count(TestingStream stream, long to) {
        return stream.sketch(START, to).orElseThrow().count();
    }

    @Test
    void changesFromTheBeginningOfTheWindowJoin() {
        TestingStream stream = new TestingStream(START);
        assertThat(stream.accept(EMPTY, delta(START, START + 10, 2))).isEqualTo(new AppliedDelta());
        assertThat(stream.accept(EMPTY, delta(START + 10, START + 20, 3))).isEqualTo(new AppliedDelta());
        assertThat(count(stream, START + 20)).isEqualTo(5);
        assertThat(stream.sketch(START, START + 10)).as("a time of the past").isEmpty();
        assertThat(stream.sketch(START, START + 30)).as("a time to come").isEmpty();
        assertThat(stream.sketch(START + 10, START + 20)).as("a part").isEmpty();
    }

    @Test
    void afterAGapNothingNewIsServedUntilACheckpoint() {
        TestingStream stream = new TestingStream(START);
        stream.accept(EMPTY, full(START, START + 10, 4));
        assertThat(stream.accept(EMPTY, delta(START + 20, START + 30, 1)))
                .isEqualTo(new AwaitingCheckpoint(START + 10));
        assertThat(stream.accept(EMPTY, delta(START + 30, START + 40, 1)))
                .isEqualTo(new AwaitingCheckpoint(START + 10));
        for (long to : new long[] {START + 20, START + 30, START + 40}) {
            assertThat(stream.sketch(START, to)).isEmpty();
        }
        assertThat(count(stream, START + 10)).as("what was whole stays so").isEqualTo(4);
        assertThat(stream.accept(EMPTY, full(START, START + 50, 9))).isEqualTo(new AppliedFull());
        assertThat(count(stream, START + 50)).isEqualTo(9);
        assertThat(stream.accept(EMPTY, delta(START + 50, START + 60, 1))).isEqualTo(new AppliedDelta());
        assertThat(count(stream, START + 60)).isEqualTo(10);
    }

    @Test
    void aStreamThatBeginsInTheMiddleWaits() {
        TestingStream stream = new TestingStream(START);
        assertThat(stream.accept(EMPTY, delta(START + 10, START + 20, 1))).isInstanceOf(AwaitingCheckpoint.class);
        TestingStream other = new TestingStream(START);
        assertThat(other.accept(Optional.empty(), delta(START, START + 10, 1)))
                .as("parameters nobody named")
                .isInstanceOf(AwaitingCheckpoint.class);
        assertThat(stream.sketch(START, START + 20)).isEmpty();
        assertThat(other.sketch(START, START + 10)).isEmpty();
        assertThat(stream.accept(EMPTY, full(START, START + 30, 7))).isEqualTo(new AppliedFull());
        assertThat(count(stream, START + 30)).isEqualTo(7);
    }

    @Test
    void whatIsKnownIsADuplicateAndWhatOverlapsIsRejected() {
        TestingStream stream = new TestingStream(START);
        stream.accept(EMPTY, full(START, START + 20, 4));
        assertThat(stream.accept(EMPTY, delta(START + 10, START + 20, 1))).isEqualTo(new Duplicate());
        assertThat(stream.accept(EMPTY, full(START, START + 20, 4))).isEqualTo(new Duplicate());
        assertThat(stream.accept(EMPTY, delta(START + 10, START + 30, 1))).isInstanceOf(Rejected.class);
        assertThat(stream.accept(EMPTY, full(START + 20, START + 30, 1))).isInstanceOf(Rejected.class);
        assertThat(stream.accept(EMPTY, delta(START + 30, START + 30, 1))).isInstanceOf(Rejected.class);
        assertThat(count(stream, START + 20)).isEqualTo(4);
    }

    @Test
    void lateChangesCloseTheGapTheyFill() {
        TestingStream stream = new TestingStream(START);
        stream.accept(EMPTY, full(START, START + 10, 4));
        stream.accept(EMPTY, delta(START + 20, START + 30, 1));
        assertThat(stream.accept(EMPTY, delta(START + 10, START + 20, 2))).isEqualTo(new AppliedDelta());
        assertThat(count(stream, START + 20)).isEqualTo(6);
        assertThat(stream.sketch(START, START + 30))
                .as("its changes were let go")
                .isEmpty();
    }

    @Test
    void changesThatDoNotFitAreRejectedAndChangeNothing() {
        DdSketch narrow = new DdSketch(LogarithmicMapping.ofAccuracy(0.01), new DdSketchLimits(10));
        Optional<SampledSketch> empty = Optional.of(SampledSketch.of(narrow));
        TestingStream stream = new TestingStream(START);
        stream.accept(empty, delta(START, START + 10, 2));
        DeltaFrame far = new DeltaFrame(
                START + 10,
                START + 20,
                new DeltaFrame.Body.Changes(new DeltaChanges.Bins(
                        List.of(new DeltaChanges.Bins.Bin(1, 1), new DeltaChanges.Bins.Bin(99, 1)))));
        assertThat(stream.accept(empty, far)).isInstanceOf(Rejected.class);
        DeltaFrame otherKind = new DeltaFrame(
                START + 10,
                START + 20,
                new DeltaFrame.Body.Changes(
                        new DeltaChanges.Registers(List.of(new DeltaChanges.Registers.Register(1, 2)))));
        assertThat(stream.accept(empty, otherKind)).isInstanceOf(Rejected.class);
        assertThat(count(stream, START + 10)).isEqualTo(2);
        assertThat(stream.accept(empty, delta(START + 20, START + 30, 1))).isInstanceOf(AwaitingCheckpoint.class);
    }

    @Test
    void neitherTheSketchOfAMessageNorTheOneThatIsKnownEverChanges() {
        TestingStream stream = new TestingStream(START);
        DdSketch sent = DdSketch.ofAccuracy(0.01);
        sent.addToBin(true, 0, 4);
        stream.accept(EMPTY, new DeltaFrame(START, START + 10, new DeltaFrame.Body.Full(SampledSketch.of(sent))));
        sent.add(5);
        SampledSketch known = stream.sketch(START, START + 10).orElseThrow();
        stream.accept(EMPTY, delta(START + 10, START + 20, 1));
        assertThat(count(stream, START + 20)).isEqualTo(5);
        assertThat(known.count()).isEqualTo(4);
    }

    @Test
    void registersRiseAndCellsAdd() {
        HyperLogLog registers = new HyperLogLog(10, 1, HyperLogLog.Variant.ERTL_MLE);
        registers.raise(5, 7);
        HyperLogLog raised = (HyperLogLog) new DeltaChanges.Registers(
                        List.of(new DeltaChanges.Registers.Register(5, 3), new DeltaChanges.Registers.Register(6, 4)))
                .appliedTo(registers);
        assertThat(raised.register(5)).isEqualTo(7);
        assertThat(raised.register(6)).isEqualTo(4);
        assertThat(registers.register(6)).isZero();
        CountMin counts = new CountMin(FrequencyParameters.of(2, 8, 5));
        DeltaChanges.Cells change = new DeltaChanges.Cells(
                SketchKind.COUNT_MIN, 2, 8, List.of(new DeltaChanges.Cells.Cell(1, 7, 3)), List.of(SketchKey.of("k")));
        Sketch once = change.appliedTo(counts);
        assertThat(((CountMin) change.appliedTo(once)).cell(1, 7)).isEqualTo(6);
        assertThat(counts.isEmpty()).isTrue();
    }

    /** Whatever order messages come in, what is served equals the exact sum, and is served only when nothing is missing. */
    @Test
    void anyOrderOfMessagesServesTheTruthOrNothing() {
        SplittableRandom random = TestingRandom.of(DeltaMachineTest.class);
        for (int run = 0; run < 500; run++) {
            TestingStream stream = new TestingStream(START);
            int served = 0;
            for (int message = 0; message < 60; message++) {
                int from = random.nextInt(12);
                int to = from + 1 + random.nextInt(random.nextInt(4) == 0 ? 3 : 1);
                // The weight of a time is its length, so that sums tell which times are in them.
                DeltaFrame frame = random.nextInt(6) == 0
                        ? full(START, START + to, to)
                        : delta(START + from, START + to, to - from);
                stream.accept(random.nextBoolean() ? EMPTY : Optional.empty(), frame);
                for (int end = 1; end <= 15; end++) {
                    Optional<SampledSketch> sketch = stream.sketch(START, START + end);
                    if (sketch.isPresent()) {
                        served++;
                        assertThat(sketch.get().count())
                                .as("seed=%d run %d", TestingRandom.SEED, run)
                                .isEqualTo(end);
                    }
                }
            }
            assertThat(served).as("seed=%d run %d", TestingRandom.SEED, run).isPositive();
        }
    }
}
