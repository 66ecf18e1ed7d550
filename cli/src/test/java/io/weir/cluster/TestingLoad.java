package io.weir.cluster;

import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Random;

/**
 * Samples of a test, the same for the same parameters: {@code cpu_seconds_total} of some hosts in three modes, at regular intervals.
 *
 * @param hosts three series each
 * @param intervals samples of each series
 * @param intervalMillis between two samples
 * @param noisy whether values have all their bits random, so that they take about nine bytes each, not one
 */
record TestingLoad(int hosts, int intervals, long intervalMillis, boolean noisy) {
    /** Start of all loads, at a border of days. */
    static final long START_MILLIS = 1_780_000_000_000L / 86_400_000 * 86_400_000;

    private static final String[] MODES = {"idle", "user", "system"};
    private static final int REQUEST_SAMPLES = 200_000;

    double startSeconds() {
        return START_MILLIS / 1_000.0;
    }

    double endSeconds() {
        return (START_MILLIS + intervals * intervalMillis) / 1_000.0;
    }

    long samples() {
        return 3L * hosts * intervals;
    }

    /** Sends all samples; each slice of time is flushed into segments of its own. */
    void send(TestingClient client, int slices) throws IOException, InterruptedException {
        Random random = new Random(42);
        double[] values = new double[3 * hosts];
        for (int slice = 0; slice < slices; slice++) {
            int from = (int) ((long) intervals * slice / slices);
            int to = (int) ((long) intervals * (slice + 1) / slices);
            WriteRequest.Builder request = WriteRequest.newBuilder();
            long samples = 0;
            for (int number = 0; number < values.length; number++) {
                TimeSeries.Builder series = TestingClient.series(
                        "cpu_seconds_total",
                        "instance",
                        "host-" + number / MODES.length,
                        "mode",
                        MODES[number % MODES.length]);
                for (int i = from; i < to; i++) {
                    double step = random.nextDouble() * (1 + number % MODES.length);
                    values[number] += noisy ? step : Math.rint(step * 100) / 100;
                    series.addSamples(TestingClient.sample(START_MILLIS + i * intervalMillis + 7, values[number]));
                }
                request.addTimeseries(series);
                samples += to - from;
                if (samples >= REQUEST_SAMPLES) {
                    write(client, request.build());
                    request = WriteRequest.newBuilder();
                    samples = 0;
                }
            }
            if (samples > 0) {
                write(client, request.build());
            }
            client.flush();
        }
    }

    private static void write(TestingClient client, WriteRequest request) throws IOException, InterruptedException {
        HttpResponse<String> response = client.write(request);
        if (response.statusCode() / 100 != 2) {
            throw new AssertionError("write answered " + response.statusCode() + ": " + response.body());
        }
    }
}
