package io.weir.promql.differential;

import io.weir.promql.engine.MemoryStorage;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Random series for both sides.
 *
 * <p>All samples lie {@value #PHASE_MILLIS} ms after a full second, where no window of {@link DifferentialQueries} begins, so that it
 * does not matter that windows are open to the left only since Prometheus 3. Values are multiples of 1/4 and small, so that sums are
 * exact in any order and do not depend on whether they are compensated.
 */
final class DifferentialData {
    static final long START_MILLIS = 1_600_000_200_000L;
    static final long LENGTH_MILLIS = 7_200_000;
    static final long END_MILLIS = START_MILLIS + LENGTH_MILLIS;
    /* Samples from here on are sent by remote write, which can carry staleness markers; OpenMetrics cannot. */
    private static final long TAIL_MILLIS = START_MILLIS + 4_500_000;
    private static final long PHASE_MILLIS = 337;
    private static final long INTERVAL_MILLIS = 15_000;
    private static final String[] JOBS = {"api", "db", "web"};
    private static final String[] PATHS = {"/é☺", "/a\"b\\c", "/𝄞.*"};

    private final Random random;
    private final TreeMap<Labels, TreeMap<Long, Double>> series = new TreeMap<>();

    private DifferentialData(Random random) {
        this.random = random;
    }

    static DifferentialData random(long seed) {
        DifferentialData data = new DifferentialData(new Random(seed));
        for (String job : JOBS) {
            data.job(job);
        }
        for (int i = 0; i < 4; i++) {
            data.gauge(Labels.of("__name__", "sparse", "i", String.valueOf(i)), 240_000, 0, false);
        }
        data.constant(Labels.of("__name__", "constant", "a", "x"), 5);
        data.constant(Labels.of("__name__", "constant", "a", "y"), Double.POSITIVE_INFINITY);
        data.constant(Labels.of("__name__", "constant", "a", "z", "b", "1"), -0.0);
        data.constant(Labels.of("__name__", "one"), 1);
        for (long offset = 0; offset < LENGTH_MILLIS; offset += INTERVAL_MILLIS) {
            boolean isEarly = offset < LENGTH_MILLIS / 2 - 600_000;
            if (isEarly || offset >= LENGTH_MILLIS / 2) {
                data.put(Labels.of("__name__", isEarly ? "early" : "late", "a", "1"), offset, offset / 1000);
            }
        }
        return data;
    }

    private void job(String job) {
        for (int i = 0; i < 3; i++) {
            String instance = "i" + i;
            String environment = i % 2 == 0 ? "prod" : "test";
            for (int path = 0; path < 2; path++) {
                counter(Labels.of(
                        "__name__",
                        "requests_total",
                        "job",
                        job,
                        "instance",
                        instance,
                        "path",
                        PATHS[(i + path) % PATHS.length]));
            }
            smallCounter(Labels.of("__name__", "small_total", "job", job, "instance", instance));
            gauge(
                    Labels.of("__name__", "load", "job", job, "instance", instance, "env", environment),
                    INTERVAL_MILLIS,
                    6,
                    true);
            gauge(
                    Labels.of("__name__", "memory", "job", job, "instance", instance, "env", environment),
                    INTERVAL_MILLIS,
                    2,
                    true);
        }
        histogram(job);
        constant(Labels.of("__name__", "job_info", "job", job, "team", "team-" + job), 1);
        if (!job.equals("web")) {
            constant(Labels.of("__name__", "double_info", "job", job, "team", "a", "empty", ""), 1);
            constant(Labels.of("__name__", "double_info", "job", job, "team", "b"), 2);
        }
    }

    private void put(Labels labels, long offsetMillis, double value) {
        long time = START_MILLIS + offsetMillis + PHASE_MILLIS;
        if (time < END_MILLIS) {
            series.computeIfAbsent(labels, key -> new TreeMap<>()).put(time, value);
        }
    }

    private void constant(Labels labels, double value) {
        for (long offset = 0; offset < LENGTH_MILLIS; offset += INTERVAL_MILLIS) {
            put(labels, offset, value);
        }
    }

    /* Between resets, far from zero: rate's guess of the start is then not limited by it, where the versions differ. */
    private void counter(Labels labels) {
        double value = 5_000 + random.nextInt(1000);
        long offset = begin();
        while (offset < LENGTH_MILLIS) {
            value = random.nextInt(60) == 0 ? 5_000 + random.nextInt(100) : value + quarter(40);
            put(labels, offset, value);
            offset = next(labels, offset, INTERVAL_MILLIS);
        }
    }

    /* Without gaps, so that the start that rate guesses is limited by zero only where the versions agree. */
    private void smallCounter(Labels labels) {
        double value = 0;
        for (long offset = random.nextInt(15) * 1000L; offset < LENGTH_MILLIS; offset += INTERVAL_MILLIS) {
            put(labels, offset, value);
            value = random.nextInt(40) == 0 ? 0 : value + quarter(20);
        }
    }

    private void gauge(Labels labels, long interval, int specials, boolean gaps) {
        double value = quarter(4000) - 500;
        long offset = gaps ? begin() : random.nextInt(60) * 1000L;
        while (offset < LENGTH_MILLIS) {
            value += quarter(40) - 5;
            put(labels, offset, random.nextInt(100) < specials ? special() : value);
            offset = gaps ? next(labels, offset, interval) : offset + interval;
        }
    }

    private double special() {
        return switch (random.nextInt(5)) {
            case 0, 1 -> Double.NaN;
            case 2 -> Double.POSITIVE_INFINITY;
            case 3 -> Double.NEGATIVE_INFINITY;
            default -> -0.0;
        };
    }

    private long begin() {
        return random.nextInt(4) == 0 ? random.nextInt(7000) * 1000L : random.nextInt(15) * 1000L;
    }

    /** When the next sample is due: the interval with jitter, or after a gap, or never; a gap may begin with a marker. */
    private long next(Labels labels, long offset, long interval) {
        long due = offset + interval + (random.nextInt(3) - 1) * 1000L;
        int event = random.nextInt(200);
        if (event > 3) {
            return due;
        }
        if (START_MILLIS + due > TAIL_MILLIS) {
            put(labels, due, StaleMarker.VALUE);
        }
        return event == 0 ? LENGTH_MILLIS : due + random.nextInt(900) * 1000L;
    }

    private void histogram(String job) {
        String[] bounds = job.equals("web")
                ? new String[] {"0.1", "1", "10"}
                : new String[] {"-1", "0.1", "1", "1.0", "10", "+Inf"};
        double[] counts = new double[bounds.length];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = 5_000 + 100 * i;
        }
        for (long offset = random.nextInt(15) * 1000L; offset < LENGTH_MILLIS; offset += INTERVAL_MILLIS) {
            int observations = random.nextInt(8);
            for (int i = 0; i < observations; i++) {
                int bucket = random.nextInt(bounds.length);
                for (int j = bucket; j < bounds.length; j++) {
                    counts[j]++;
                }
            }
            for (int i = 0; i < bounds.length; i++) {
                put(Labels.of("__name__", "latency_bucket", "job", job, "le", bounds[i]), offset, counts[i]);
            }
            put(Labels.of("__name__", "latency_bucket", "job", job, "le", "bad"), offset, 3);
            put(Labels.of("__name__", "latency_count", "job", job), offset, counts[counts.length - 1]);
        }
    }

    private double quarter(int bound) {
        return random.nextInt(bound) * 0.25;
    }

    MemoryStorage storage() {
        MemoryStorage storage = new MemoryStorage();
        series.forEach((labels, samples) -> samples.forEach((time, value) -> storage.add(labels, time, value)));
        return storage;
    }

    /** The samples of the first part. */
    String openMetrics() {
        StringBuilder builder = new StringBuilder();
        series.forEach((labels, samples) -> samples.headMap(TAIL_MILLIS)
                .forEach((time, value) -> builder.append(name(labels))
                        .append(' ')
                        .append(Double.isInfinite(value) ? (value > 0 ? "+Inf" : "-Inf") : String.valueOf(value))
                        .append(' ')
                        .append(BigDecimal.valueOf(time, 3).toPlainString())
                        .append('\n')));
        return builder.append("# EOF\n").toString();
    }

    private static String name(Labels labels) {
        return labels.metricName()
                + labels.withoutMetricName().toMap().entrySet().stream()
                        .map(label -> label.getKey() + "=\""
                                + label.getValue().replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                        .collect(Collectors.joining(",", "{", "}"));
    }

    /** The samples of the rest as a remote write request (rompb/remote.proto in a snappy block of literals only). */
    byte[] remoteWrite() {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        series.forEach((labels, samples) -> {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            for (Map.Entry<String, String> label : labels.toMap().entrySet()) {
                ByteArrayOutputStream pair = new ByteArrayOutputStream();
                field(pair, 1, label.getKey().getBytes(StandardCharsets.UTF_8));
                field(pair, 2, label.getValue().getBytes(StandardCharsets.UTF_8));
                field(one, 1, pair.toByteArray());
            }
            samples.tailMap(TAIL_MILLIS).forEach((time, value) -> field(one, 2, sample(time, value)));
            field(request, 1, one.toByteArray());
        });
        return snappy(request.toByteArray());
    }

    private static byte[] sample(long time, double value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(1 << 3 | 1);
        long bits = Double.doubleToRawLongBits(value);
        for (int i = 0; i < 8; i++) {
            out.write((int) (bits >>> (8 * i)));
        }
        out.write(2 << 3);
        varint(out, time);
        return out.toByteArray();
    }

    private static void field(ByteArrayOutputStream out, int number, byte[] content) {
        out.write(number << 3 | 2);
        varint(out, content.length);
        out.writeBytes(content);
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static byte[] snappy(byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(out, content.length);
        for (int from = 0; from < content.length; from += 60) {
            int length = Math.min(60, content.length - from);
            out.write((length - 1) << 2);
            out.write(content, from, length);
        }
        return out.toByteArray();
    }
}
