package io.weir.queryworker.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.ThreadMXBean;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.weir.proto.trace.Trace;
import io.weir.proto.trace.Tracing;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The spans of work in the worker, and that nothing is made while tracing is off. */
final class WorkTracingTest {
    private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "00-" + TRACE_ID + "-b7ad6b7169203331-01";

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build())
            .build();

    @AfterEach
    void stop() {
        sdk.close();
    }

    private SpanData span(String name) {
        return exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void spansBelowARemoteParentAndItsTextForTheNextProcess() {
        Tracing tracing = Tracing.of(sdk);
        try (Trace work = tracing.enter("work", SpanKind.CONSUMER, PARENT, "vendor=1")) {
            assertThat(work.traceId()).isEqualTo(TRACE_ID);
            assertThat(work.traceParent()).startsWith("00-" + TRACE_ID + "-").endsWith("-01");
            work.set("work_id", "w").set("attempt", 2);
            assertThat(Trace.current()).isSameAs(Trace.OFF);
            work.run(() -> {
                try (Trace inner = Trace.current().child("execute")) {
                    inner.event("canceled", "reason", "why").fail(new IllegalStateException("broken"));
                }
            });
            assertThat(Trace.current()).isSameAs(Trace.OFF);
        }
        assertThat(span("work").getParentSpanId()).isEqualTo("b7ad6b7169203331");
        assertThat(span("work").getAttributes().get(AttributeKey.longKey("attempt")))
                .isEqualTo(2);
        assertThat(span("execute").getParentSpanId()).isEqualTo(span("work").getSpanId());
        assertThat(span("execute").getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(span("execute").getStatus().getDescription()).isEqualTo("broken");
        await().until(() -> exporter.getFinishedSpanItems().size() == 2);
    }

    @Test
    void tracingThatIsOffMakesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long warm = pieceOfWorkWhileOff(20_000);
        long before = threads.getCurrentThreadAllocatedBytes();
        long ended = pieceOfWorkWhileOff(100_000);
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        System.out.println("tracing off: " + bytes + " bytes for 100000 pieces of work");
        assertThat(warm + ended).isEqualTo(120_000);
        // What the measurement itself makes.
        assertThat(bytes).isLessThan(10_000);
    }

    /** The calls that one piece of work makes in a worker. */
    private static long pieceOfWorkWhileOff(int times) {
        long ended = 0;
        for (int i = 0; i < times; i++) {
            Trace work = Tracing.OFF.enter("work", SpanKind.CONSUMER, "", "");
            work.set("query_id", "q").set("work_id", "w").set("attempt", i);
            try (Trace queued = work.child("queued");
                    Trace execution = work.child("execute");
                    Trace scan = Trace.current().child("scan and evaluate")) {
                queued.event("ready");
                execution.fail("failed");
                ended += scan.traceParent().isEmpty() && scan.traceId().isEmpty() ? 1 : 0;
            }
            work.close();
        }
        return ended;
    }
}
