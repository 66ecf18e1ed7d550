package io.weir.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.proto.trace.Trace;
import io.weir.proto.trace.Tracing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Exporting spans never holds up whoever makes them. */
final class SpanExportTest {
    private static final int SPANS = 50_000;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private static TracingSettings settings(String endpoint) {
        return new TracingSettings(endpoint, "test", 1, 500, 50, 64, 16);
    }

    /** Makes many spans; returns how long that took. */
    private static long makeSpans(Tracing tracing) {
        long begun = System.nanoTime();
        for (int i = 0; i < SPANS; i++) {
            try (Trace span = tracing.enter("work", SpanKind.INTERNAL, "", "")) {
                span.set("work_id", "w");
            }
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    }

    private void assertNeverBlocks(String what, String endpoint, Runnable awaitCounted) {
        SpanExport export = SpanExport.start(settings(endpoint), "test", Map.of(), registry);
        long millis = makeSpans(export.tracing());
        awaitCounted.run();
        long begun = System.nanoTime();
        export.close();
        long closeMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        System.out.println(what + ": " + SPANS + " spans made in " + millis + " ms, closed in " + closeMillis + " ms");
        // One export alone would take its 500 ms; there would be 3,000 of them.
        assertThat(millis).isLessThan(20_000);
        assertThat(closeMillis).isLessThan(10_000);
    }

    @Test
    void aCollectorThatNeverAnswersHoldsNobodyUp() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            assertNeverBlocks("silent collector", "http://127.0.0.1:" + silent.getLocalPort() + "/v1/traces", () -> {});
        }
    }

    @Test
    void aCollectorThatIsGoneHoldsNobodyUpAndIsCounted() throws IOException {
        int port;
        try (ServerSocket gone = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            port = gone.getLocalPort();
        }
        assertNeverBlocks(
                "no collector", "http://127.0.0.1:" + port + "/v1/traces", () -> await().atMost(Duration.ofSeconds(60))
                        .until(() -> registry.get("weir_trace_spans_total")
                                        .tag("outcome", "failed")
                                        .counter()
                                        .count()
                                > 0));
    }

    @Test
    void withoutAnEndpointThereIsNoTracingAndTheEnvironmentMayNameOne() {
        try (SpanExport off = SpanExport.start(TracingSettings.DEFAULT, "test", Map.of(), registry)) {
            assertThat(off.tracing()).isSameAs(Tracing.OFF);
        }
        Map<String, String> disabled =
                Map.of("OTEL_SDK_DISABLED", "true", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        try (SpanExport off = SpanExport.start(TracingSettings.DEFAULT, "test", disabled, registry)) {
            assertThat(off.tracing()).isSameAs(Tracing.OFF);
        }
        try (SpanExport on = SpanExport.start(
                settings(""), "test", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1/"), registry)) {
            assertThat(on.tracing()).isNotSameAs(Tracing.OFF);
        }
        Map<String, String> grpc =
                Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        assertThatThrownBy(() -> SpanExport.start(TracingSettings.DEFAULT, "test", grpc, registry))
                .hasMessageContaining("http/protobuf");
        assertThatThrownBy(() -> settings("collector:4317")).hasMessageContaining("tracing-endpoint");
    }
}
