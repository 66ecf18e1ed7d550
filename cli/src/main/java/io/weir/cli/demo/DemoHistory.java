package io.weir.cli.demo;

import java.io.IOException;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * One day of an invented web shop as OpenMetrics text: a sample to try queries on, marked by the label {@code source="weir-demo"}.
 * The same end time always gives the same text.
 */
public final class DemoHistory {
    static final long INTERVAL_MILLIS = 60_000;
    static final long LENGTH_MILLIS = 24 * 3_600_000L;

    private static final String[] REGIONS = {"eu", "us", "asia"};
    private static final String[] PATHS = {"/", "/cart", "/checkout", "/search"};
    private static final String[] CODES = {"200", "404", "500"};
    private static final double[] BOUNDS = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

    private final long end;

    /** A history that ends at the last full minute before a time. */
    public DemoHistory(long endMillis) {
        this.end = endMillis / INTERVAL_MILLIS * INTERVAL_MILLIS;
    }

    /** Writes the whole text, family by family, in constant memory. */
    public void write(Appendable out) throws IOException {
        out.append("# TYPE shop_orders counter\n# HELP shop_orders Orders placed (demonstration data).\n");
        for (int region = 0; region < REGIONS.length; region++) {
            String labels = "{region=\"" + REGIONS[region] + "\",source=\"weir-demo\"}";
            counter(out, "shop_orders_total" + labels, region, 3.0 / (region + 1));
        }
        out.append(
                "# TYPE shop_http_requests counter\n# HELP shop_http_requests Requests served (demonstration data).\n");
        for (int region = 0; region < REGIONS.length; region++) {
            for (int path = 0; path < PATHS.length; path++) {
                for (int code = 0; code < CODES.length; code++) {
                    String labels = "{region=\"%s\",path=\"%s\",code=\"%s\",source=\"weir-demo\"}"
                            .formatted(REGIONS[region], PATHS[path], CODES[code]);
                    double perSecond = 40.0 / (region + 1) / (path + 1) * (code == 0 ? 1 : code == 1 ? 0.03 : 0.006);
                    counter(out, "shop_http_requests_total" + labels, region * 100 + path * 10 + code, perSecond);
                }
            }
        }
        out.append("# TYPE shop_queue_depth gauge\n# HELP shop_queue_depth Jobs waiting (demonstration data).\n");
        for (int region = 0; region < REGIONS.length; region++) {
            gauge(out, "shop_queue_depth{region=\"" + REGIONS[region] + "\",source=\"weir-demo\"}", region);
        }
        out.append("# TYPE shop_request_duration_seconds histogram\n");
        out.append("# HELP shop_request_duration_seconds Latency (demonstration data).\n");
        for (int region = 0; region < REGIONS.length; region++) {
            histogram(out, REGIONS[region], region);
        }
        out.append("# EOF\n");
    }

    private void counter(Appendable out, String series, long seed, double perSecond) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        double total = 0;
        for (long time = end - LENGTH_MILLIS + INTERVAL_MILLIS; time <= end; time += INTERVAL_MILLIS) {
            double busy = daylight(time) * (0.8 + 0.4 * random.nextDouble());
            total += Math.rint(perSecond * 60 * busy);
            sample(out, series, total, time);
        }
    }

    private void gauge(Appendable out, String series, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(1_000 + seed);
        double depth = 20;
        for (long time = end - LENGTH_MILLIS + INTERVAL_MILLIS; time <= end; time += INTERVAL_MILLIS) {
            depth = Math.max(0, depth + random.nextInt(11) - 5 + (20 * daylight(time) - depth) * 0.05);
            sample(out, series, Math.rint(depth), time);
        }
    }

    private void histogram(Appendable out, String region, int seed) throws IOException {
        String labels = "region=\"" + region + "\",source=\"weir-demo\"";
        // One pass per bucket over the same random stream keeps the memory constant and the buckets consistent.
        for (int bucket = 0; bucket <= BOUNDS.length; bucket++) {
            String bound = bucket == BOUNDS.length ? "+Inf" : Double.toString(BOUNDS[bucket]);
            String series = "shop_request_duration_seconds_bucket{" + labels + ",le=\"" + bound + "\"}";
            double limit = bucket == BOUNDS.length ? Double.POSITIVE_INFINITY : BOUNDS[bucket];
            double total = 0;
            SplittableRandom random = new SplittableRandom(2_000 + seed);
            for (long time = end - LENGTH_MILLIS + INTERVAL_MILLIS; time <= end; time += INTERVAL_MILLIS) {
                double requests = Math.rint(1_200 * daylight(time) * (0.8 + 0.4 * random.nextDouble()));
                double mean = 0.08 * (1 + daylight(time)) * (0.9 + 0.2 * random.nextDouble());
                total += Math.floor(requests * (1 - Math.exp(-limit / mean)));
                sample(out, series, total, time);
            }
        }
    }

    private static void sample(Appendable out, String series, double value, long timeMillis) throws IOException {
        out.append(series)
                .append(' ')
                .append(String.format(Locale.ROOT, "%.0f", value))
                .append(' ')
                .append(Long.toString(timeMillis / 1000))
                .append('\n');
    }

    /** Busy at noon UTC, quiet at midnight: 0.2 to 1. */
    private static double daylight(long timeMillis) {
        double hour = timeMillis % 86_400_000 / 3_600_000.0;
        return 0.6 - 0.4 * Math.cos(hour / 24 * 2 * Math.PI);
    }
}
