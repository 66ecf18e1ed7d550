package io.weir.language;

import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.testlang.TestSeries;
import io.weir.proto.remote.v1.Label;
import io.weir.proto.remote.v1.Sample;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Cuts series into several writes with a flush after each, in a way that is hard on what reads them: samples of a series alternate
 * between segments, come in descending order, come twice, and come with another value first, which the later one replaces. The same
 * series give the same writes.
 */
final class TestingWrites {
    private static final int CHUNKS = 3;

    private TestingWrites() {}

    /** Writes and flushes; returns when all of it can be queried. */
    static void send(TestingApi api, String tenant, List<TestSeries> series) {
        List<WriteRequest.Builder> requests = new ArrayList<>();
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            requests.add(WriteRequest.newBuilder());
        }
        for (int i = 0; i < series.size(); i++) {
            add(requests, series.get(i), i);
        }
        for (WriteRequest.Builder request : requests) {
            if (request.getTimeseriesCount() > 0) {
                api.write(tenant, request.build());
                api.flush(tenant);
            }
        }
    }

    private static void add(List<WriteRequest.Builder> requests, TestSeries series, int number) {
        List<TestSeries.Sample> floats = series.samples().stream()
                .filter(sample -> sample.histogram() == null)
                .toList();
        List<List<Sample>> chunks = new ArrayList<>();
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            chunks.add(new ArrayList<>());
        }
        for (int i = 0; i < floats.size(); i++) {
            TestSeries.Sample sample = floats.get(i);
            int chunk = chunk(number, i, floats.size());
            chunks.get(chunk).add(sample(sample.timestampMillis(), sample.value()));
            if ((i + number) % 5 == 0) {
                chunks.get((chunk + 1) % CHUNKS).add(sample(sample.timestampMillis(), sample.value()));
            } else if ((i + number) % 7 == 3 && chunk > 0) {
                double other = StaleMarker.is(sample.value()) ? 1 : i % 2 == 0 ? StaleMarker.VALUE : sample.value() + 1;
                chunks.get(chunk - 1).add(sample(sample.timestampMillis(), other));
            }
            if ((i + number) % 13 == 6) {
                chunks.get(chunk).add(sample(sample.timestampMillis(), sample.value()));
            }
        }
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            List<Sample> samples = chunks.get(chunk);
            if (number % 2 == 1) {
                Collections.reverse(samples);
            }
            if (!samples.isEmpty()) {
                requests.get(chunk)
                        .addTimeseries(
                                labels(series.labels()).addAllSamples(samples).build());
            }
        }
    }

    /** In which write a sample goes: alternating, in thirds of the time, or all of a series in one. */
    private static int chunk(int number, int sample, int samples) {
        return switch (number % 3) {
            case 0 -> (sample * 7 + number) % CHUNKS;
            case 1 -> sample * CHUNKS / samples;
            default -> number / 3 % CHUNKS;
        };
    }

    private static TimeSeries.Builder labels(Labels labels) {
        TimeSeries.Builder series = TimeSeries.newBuilder();
        for (int i = 0; i < labels.size(); i++) {
            series.addLabels(Label.newBuilder().setName(labels.name(i)).setValue(labels.value(i)));
        }
        return series;
    }

    private static Sample sample(long timestampMillis, double value) {
        return Sample.newBuilder().setTimestamp(timestampMillis).setValue(value).build();
    }
}
