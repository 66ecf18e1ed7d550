package io.weir.precomputing;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A sender that measures latencies of two services ten times a second and exports them at once over OTLP; it remembers all it has sent. */
final class TestingStream implements AutoCloseable {
    private static final long INTERVAL_MILLIS = 100;
    private static final List<String> SERVICES = List.of("web", "api");

    private record Sent(String service, long timeMillis, double value) {}

    private final ManagedChannel channel;
    private final List<Sent> sent = new ArrayList<>();
    private final Random random;
    private final Thread thread;
    private @Nullable RuntimeException failure;

    TestingStream(int port, long seed) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        random = new Random(seed);
        thread = Thread.ofVirtual().start(this::run);
    }

    private void run() {
        MetricsServiceGrpc.MetricsServiceBlockingStub stub = MetricsServiceGrpc.newBlockingStub(channel);
        try {
            while (true) {
                long now = System.currentTimeMillis();
                Gauge.Builder gauge = Gauge.newBuilder();
                List<Sent> batch = new ArrayList<>();
                for (String service : SERVICES) {
                    double value = Math.exp(3 + random.nextGaussian());
                    batch.add(new Sent(service, now, value));
                    gauge.addDataPoints(NumberDataPoint.newBuilder()
                            .setTimeUnixNano(TimeUnit.MILLISECONDS.toNanos(now))
                            .setAsDouble(value)
                            .addAttributes(KeyValue.newBuilder()
                                    .setKey("service")
                                    .setValue(AnyValue.newBuilder().setStringValue(service))));
                }
                stub.withDeadlineAfter(10, TimeUnit.SECONDS)
                        .export(ExportMetricsServiceRequest.newBuilder()
                                .addResourceMetrics(ResourceMetrics.newBuilder()
                                        .addScopeMetrics(ScopeMetrics.newBuilder()
                                                .addMetrics(Metric.newBuilder()
                                                        .setName("latency")
                                                        .setGauge(gauge))))
                                .build());
                synchronized (sent) {
                    sent.addAll(batch);
                }
                Thread.sleep(INTERVAL_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            synchronized (sent) {
                failure = e;
            }
        }
    }

    /** What a service sent within (fromMillis, toMillis], ascending. */
    double[] values(String service, long fromMillis, long toMillis) {
        synchronized (sent) {
            if (failure != null) {
                throw failure;
            }
            double[] values = sent.stream()
                    .filter(sample -> sample.service().equals(service)
                            && sample.timeMillis() > fromMillis
                            && sample.timeMillis() <= toMillis)
                    .mapToDouble(Sent::value)
                    .toArray();
            Arrays.sort(values);
            return values;
        }
    }

    @Override
    public void close() throws InterruptedException {
        thread.interrupt();
        thread.join(10_000);
        channel.shutdownNow();
        channel.awaitTermination(10, TimeUnit.SECONDS);
    }
}
