package io.weir.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Series of ASAPQuery's quickstart: seven exporters, each with its own shape of curve, with a series {@code sensor_reading} for every
 * combination of region, service and host, scraped every second. A value depends on its series and its round alone.
 */
final class SensorData implements SampleRounds {
    static final long INTERVAL_MILLIS = 1_000;
    static final long PHASE_MILLIS = 301;

    /** The shapes, in the order of the exporters. */
    private static final List<String> PATTERNS =
            List.of("constant", "linear-up", "linear-down", "sine", "sine-noise", "step", "exp-up");

    private final List<Map<String, String>> labels = new ArrayList<>();
    private final double[] current;
    private final long firstRound;
    private final int perPattern;
    private int round;

    /**
     * @param valuesPerLabel different regions, services and hosts; upstream has 30, which makes 189,000 series
     * @param firstRound number of the first round, so that data can be continued
     */
    SensorData(int valuesPerLabel, long firstRound) {
        this.firstRound = firstRound;
        perPattern = valuesPerLabel * valuesPerLabel * valuesPerLabel;
        for (String pattern : PATTERNS) {
            for (int i = 0; i < perPattern; i++) {
                labels.add(new TreeMap<>(Map.of(
                        "__name__",
                        "sensor_reading",
                        "instance",
                        "exporter-" + PATTERNS.indexOf(pattern),
                        "job",
                        "sensors",
                        "pattern",
                        pattern,
                        "region",
                        "region-" + i / (valuesPerLabel * valuesPerLabel),
                        "service",
                        "service-" + i / valuesPerLabel % valuesPerLabel,
                        "host",
                        "host-" + i % valuesPerLabel)));
            }
        }
        current = new double[labels.size()];
    }

    @Override
    public List<Map<String, String>> labels() {
        return labels;
    }

    @Override
    public double[] next() {
        double seconds = firstRound + round++;
        for (int i = 0; i < current.length; i++) {
            int index = i % perPattern;
            double base = 100 + index % 97;
            double value = switch (i / perPattern) {
                case 0 -> base;
                case 1 -> base + seconds * 0.1;
                case 2 -> base + 1_000 - seconds * 0.1;
                case 3 -> base + 50 * Math.sin((seconds + index) / 30);
                case 4 -> base + 50 * Math.sin((seconds + index) / 30) + noise(i, (long) seconds);
                case 5 -> base + 100 * ((long) (seconds + index) / 60 % 2);
                default -> base * Math.exp((seconds + index) % 600 / 300);
            };
            current[i] = Math.rint(value * 1_000) / 1_000;
        }
        return current;
    }

    private static double noise(int series, long second) {
        return new SplittableRandom(series * 1_000_003L + second).nextDouble() * 10 - 5;
    }

    @Override
    public long intervalMillis() {
        return INTERVAL_MILLIS;
    }

    @Override
    public long phaseMillis() {
        return PHASE_MILLIS;
    }
}
