package io.weir.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How long questions took, one after the other, and what the hypervisor had taken of the processors by the end of each.
 *
 * @param millis of each
 * @param stolenTicks of the machine since its start, after each
 */
record AskedQuestions(double[] millis, long[] stolenTicks) {
    /** Of whom as many before and after must be undisturbed: half a second at one each 65 ms. */
    private static final int NEIGHBORS = 8;

    /** The times of those about which nothing was stolen: what is taken comes in bursts, and is counted only when it makes up a tick of 10 ms. */
    double[] quietMillis() {
        return IntStream.range(0, millis.length)
                .filter(i -> stolenTicks[Math.max(0, i - NEIGHBORS)]
                        == stolenTicks[Math.min(millis.length - 1, i + NEIGHBORS)])
                .mapToDouble(i -> millis[i])
                .toArray();
    }

    static Timings all(List<AskedQuestions> parts) {
        return together(parts.stream().map(AskedQuestions::millis).toList());
    }

    static Timings quiet(List<AskedQuestions> parts) {
        return together(parts.stream().map(AskedQuestions::quietMillis).toList());
    }

    private static Timings together(List<double[]> parts) {
        return Timings.of(parts.stream().flatMapToDouble(Arrays::stream).toArray());
    }
}
