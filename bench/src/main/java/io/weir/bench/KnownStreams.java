package io.weir.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A few series with many samples each, of which the benchmark knows every value: what sketches say of a window is held against counting it.
 * A value depends on its series and its round alone.
 */
final class KnownStreams implements SampleRounds {
    static final int KEYS = 100_000;
    static final double ZIPF_EXPONENT = 1.1;
    private static final long PHASE_MILLIS = 1;

    /** How a value is drawn. */
    enum Distribution {
        /** A key from 1 to {@link #KEYS}, the n-th with a weight of n to the minus {@link #ZIPF_EXPONENT}. */
        ZIPF,
        /** Milliseconds of a latency: e to the power of a normal value around 4.6 (a median of 100 ms) with deviation 0.8. */
        LOGNORMAL
    }

    private final String metric;
    private final Distribution distribution;
    private final int series;
    private final long intervalMillis;
    private final long startMillis;
    private final double[] cumulative;
    private final double[] current;
    private long round;

    /**
     * @param startMillis of the first interval; the sample lies {@link #phaseMillis} behind it
     */
    KnownStreams(String metric, Distribution distribution, int series, long intervalMillis, long startMillis) {
        this.metric = metric;
        this.distribution = distribution;
        this.series = series;
        this.intervalMillis = intervalMillis;
        this.startMillis = startMillis;
        current = new double[series];
        cumulative = distribution == Distribution.ZIPF ? zipf() : new double[0];
    }

    private static double[] zipf() {
        double[] cumulative = new double[KEYS];
        double sum = 0;
        for (int key = 0; key < KEYS; key++) {
            sum += Math.pow(key + 1, -ZIPF_EXPONENT);
            cumulative[key] = sum;
        }
        return cumulative;
    }

    @Override
    public List<Map<String, String>> labels() {
        List<Map<String, String>> labels = new ArrayList<>();
        for (int i = 0; i < series; i++) {
            labels.add(new TreeMap<>(Map.of("__name__", metric, "stream", "s" + i)));
        }
        return labels;
    }

    @Override
    public double[] next() {
        for (int i = 0; i < series; i++) {
            current[i] = value(i, round);
        }
        round++;
        return current;
    }

    private double value(int stream, long number) {
        SplittableRandom random = new SplittableRandom((number * 1_009 + stream) * 0x9e3779b97f4a7c15L);
        return switch (distribution) {
            case ZIPF -> {
                double drawn = random.nextDouble() * cumulative[KEYS - 1];
                int low = 0;
                int high = KEYS - 1;
                while (low < high) {
                    int middle = (low + high) >>> 1;
                    if (cumulative[middle] < drawn) {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                yield low + 1;
            }
            case LOGNORMAL -> Math.rint(Math.exp(4.6 + 0.8 * random.nextGaussian()) * 1_000) / 1_000;
        };
    }

    /** The samples of a stream in the window {@code (endMillis - windowMillis, endMillis]}. */
    double[] window(int stream, long endMillis, long windowMillis) {
        long first = Math.floorDiv(endMillis - windowMillis - startMillis - PHASE_MILLIS, intervalMillis) + 1;
        long last = Math.floorDiv(endMillis - startMillis - PHASE_MILLIS, intervalMillis);
        double[] values = new double[(int) Math.max(0, last - Math.max(0, first) + 1)];
        for (int i = 0; i < values.length; i++) {
            values[i] = value(stream, Math.max(0, first) + i);
        }
        return values;
    }

    /** How often each value is there. */
    static Map<Double, Integer> counts(double[] values) {
        Map<Double, Integer> counts = new HashMap<>();
        for (double value : values) {
            counts.merge(value, 1, Integer::sum);
        }
        return counts;
    }

    @Override
    public long intervalMillis() {
        return intervalMillis;
    }

    @Override
    public long phaseMillis() {
        return PHASE_MILLIS;
    }
}
