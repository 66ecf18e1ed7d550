package io.weir.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.sketch.hash.HashProfile;
import io.weir.sketch.hash.Xxh3;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** HyperLogLog: registers by their formula, estimates within three standard errors at every count. */
class HyperLogLogTest {
    private static final long SEED = HashProfile.STANDARD.canonicalSeed();

    private static HyperLogLog sketch(int precision) {
        return new HyperLogLog(precision, SEED, HyperLogLog.Variant.ERTL_MLE);
    }

    /** A number's eight bytes. */
    private static byte[] item(double value) {
        return ByteBuffer.allocate(Double.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(value)
                .array();
    }

    @Test
    void estimatesStayWithinThreeStandardErrorsFromTenToTenMillion() {
        for (int precision : new int[] {4, 8, 11, 12, 14, 16, 18}) {
            HyperLogLog sketch = sketch(precision);
            double bound = 3 * sketch.relativeStandardError();
            int last = precision == 4 || precision == 14 || precision == 18 ? 10_000_000 : 1_000_000;
            int next = 10;
            for (int i = 1; i <= last; i++) {
                sketch.add(item(i));
                if (i == next) {
                    assertThat(Math.abs(sketch.estimate() - i) / i)
                            .as("precision %d at %d", precision, i)
                            .isLessThanOrEqualTo(bound);
                    next = Math.min(last, 2 * next);
                }
            }
        }
    }

    @Test
    void theErrorOverManyStreamsIsTheStandardErrorAndWithoutBias() {
        int precision = 12;
        for (int count : new int[] {100, 3000, 10_000, 12_000, 40_000}) {
            double sum = 0;
            double squares = 0;
            int streams = 200;
            for (int stream = 0; stream < streams; stream++) {
                HyperLogLog sketch = sketch(precision);
                for (int i = 0; i < count; i++) {
                    sketch.add(item((long) stream << 32 | i));
                }
                double error = sketch.estimate() / count - 1;
                sum += error;
                squares += error * error;
            }
            double standardError = sketch(precision).relativeStandardError();
            assertThat(Math.sqrt(squares / streams))
                    .as("root mean square at %d", count)
                    .isLessThan(1.2 * standardError);
            assertThat(Math.abs(sum / streams))
                    .as("bias at %d", count)
                    .isLessThan(4 * standardError / Math.sqrt(streams));
        }
    }

    @Test
    void anEmptySketchEstimatesNothing() {
        assertThat(sketch(14).estimate()).isZero();
        assertThat(sketch(14).isEmpty()).isTrue();
        assertThat(sketch(4).estimate()).isZero();
        assertThat(sketch(4).isEmpty()).isTrue();
    }

    @Test
    void registersAreThoseOfTheFormula() {
        SplittableRandom random = TestingRandom.of(HyperLogLogTest.class);
        for (int precision = 4; precision <= 18; precision++) {
            HyperLogLog sketch = sketch(precision);
            Map<Integer, Integer> expected = new HashMap<>();
            for (int i = 0; i < 5000; i++) {
                double value = random.nextInt(3000);
                sketch.add(item(value));
                long hash = Xxh3.hash64(item(value), SEED);
                String bits = String.format("%64s", Long.toBinaryString(hash)).replace(' ', '0');
                int index = Integer.parseInt(bits.substring(0, precision), 2);
                int rank = (bits.substring(precision) + "1").indexOf('1') + 1;
                expected.merge(index, rank, Math::max);
            }
            Map<Integer, Integer> found = new HashMap<>();
            sketch.forEachRegister(found::put);
            assertThat(found)
                    .as("seed=%d precision %d", TestingRandom.SEED, precision)
                    .isEqualTo(expected);
            byte[] dense = sketch.denseRegisters();
            expected.forEach((index, rank) -> {
                assertThat(dense[index]).isEqualTo(rank.byteValue());
                assertThat(sketch.register(index)).isEqualTo(rank);
            });
        }
    }

    @Test
    void startsSparseAndTurnsDenseWithoutChangingItsAnswer() {
        HyperLogLog sketch = sketch(14);
        long bytesAtFirst = sketch.retainedBytes();
        int i = 0;
        while (sketch.isSparse()) {
            sketch.add(item(i++));
        }
        assertThat(bytesAtFirst).isLessThan(200);
        assertThat(i).isBetween(500, 4096);
        HyperLogLog again = sketch(14);
        byte[] registers = sketch.denseRegisters();
        for (int index = 0; index < registers.length; index++) {
            if (registers[index] > 0 && again.isSparse()) {
                again.raise(index, registers[index]);
            }
        }
        assertThat(sketch.estimate()).isBetween(i * 0.95, i * 1.05);
        assertThat(sketch.retainedBytes()).isLessThan((1 << 14) + 200);
    }

    @Test
    void aUnionCountsWhatIsInBothOnce() {
        HyperLogLog left = sketch(14);
        HyperLogLog right = sketch(14);
        for (int i = 0; i < 60_000; i++) {
            left.add(item(i));
            right.add(item(i + 40_000));
        }
        double sum = left.estimate() + right.estimate();
        left.mergeFrom(right);
        assertThat(left.estimate()).isBetween(100_000 * 0.975, 100_000 * 1.025);
        assertThat(left.estimate()).isLessThan(sum * 0.9);
    }

    @Test
    void mergingIsCommutativeAssociativeAndIdempotentAcrossRepresentations() {
        SplittableRandom random = TestingRandom.of(HyperLogLogTest.class);
        for (int run = 0; run < 40; run++) {
            HyperLogLog all = sketch(10);
            HyperLogLog[] parts = {sketch(10), sketch(10), sketch(10)};
            for (HyperLogLog part : parts) {
                for (int i = random.nextInt(random.nextBoolean() ? 20 : 3000); i > 0; i--) {
                    double value = random.nextInt(5000);
                    part.add(item(value));
                    all.add(item(value));
                }
            }
            HyperLogLog left = parts[0].copy();
            left.mergeFrom(parts[1]);
            left.mergeFrom(parts[2]);
            HyperLogLog right = parts[2].copy();
            right.mergeFrom(parts[1]);
            right.mergeFrom(parts[0]);
            right.mergeFrom(left);
            String context = "seed=" + TestingRandom.SEED + " run " + run;
            assertThat(left.denseRegisters()).as(context).isEqualTo(all.denseRegisters());
            assertThat(right.denseRegisters()).as(context).isEqualTo(all.denseRegisters());
            assertThat(left.estimate()).as(context).isEqualTo(all.estimate());
        }
    }

    @Test
    void otherParametersDoNotMerge() {
        HyperLogLog sketch = sketch(12);
        for (HyperLogLog other : new HyperLogLog[] {
            sketch(13),
            new HyperLogLog(12, 1, HyperLogLog.Variant.ERTL_MLE),
            new HyperLogLog(12, SEED, HyperLogLog.Variant.REGULAR)
        }) {
            assertThatThrownBy(() -> sketch.mergeFrom(other)).isInstanceOf(SketchMismatchException.class);
        }
        for (int precision : new int[] {3, 19}) {
            assertThatThrownBy(() -> sketch(precision)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
