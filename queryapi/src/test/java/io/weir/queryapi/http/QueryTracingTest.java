package io.weir.queryapi.http;

import static io.weir.queryapi.testkit.TestingApi.instant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.weir.promql.labels.Labels;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spans of queries in the API. */
final class QueryTracingTest {
    private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

    @TempDir
    private Path folder;

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .setSampler(Sampler.parentBased(Sampler.alwaysOn()))
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build())
            .build();
    private final TestingLake lake =
            new TestingLake(3_600_000).add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 1, 1);

    @AfterEach
    void stop() {
        sdk.close();
    }

    private TestingApi start() {
        return new TestingApi(lake, folder, TestingApi.settings(), Tracing.of(sdk));
    }

    /** The only span of that name; the request's own ends after its answer has been sent. */
    private SpanData span(String name) {
        await().until(() -> exporter.getFinishedSpanItems().stream()
                .anyMatch(span -> span.getName().equals(name)));
        List<SpanData> found = exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name))
                .toList();
        assertThat(found).as(name + " in " + exporter.getFinishedSpanItems()).hasSize(1);
        return found.getFirst();
    }

    private static String text(SpanData span, String key) {
        return Objects.requireNonNull(span.getAttributes().get(AttributeKey.stringKey(key)), key);
    }

    @Test
    void aQueryContinuesTheTraceOfItsClientAndShowsItsPhases() throws Exception {
        try (TestingApi api = start()) {
            String id = UUID.randomUUID().toString();
            assertThat(api.send(api.request(instant("sum(up)", "10"))
                                    .header("X-Query-Id", id)
                                    .header("X-Scope-OrgID", "acme")
                                    .header("traceparent", "00-" + TRACE_ID + "-b7ad6b7169203331-01"))
                            .statusCode())
                    .isEqualTo(200);
            SpanData request = span("GET /api/v1/query");
            assertThat(request.getTraceId()).isEqualTo(TRACE_ID);
            assertThat(request.getParentSpanId()).isEqualTo("b7ad6b7169203331");
            assertThat(request.getKind()).isEqualTo(SpanKind.SERVER);
            assertThat(text(request, "query_id")).isEqualTo(id);
            assertThat(request.getAttributes().get(AttributeKey.longKey("http.response.status_code")))
                    .isEqualTo(200);
            SpanData query = span("query");
            assertThat(query.getParentSpanId()).isEqualTo(request.getSpanId());
            assertThat(text(query, "query_id")).isEqualTo(id);
            assertThat(text(query, "tenant")).isEqualTo("acme");
            assertThat(text(query, "outcome")).isEqualTo("success");
            assertThat(span("parse").getParentSpanId()).isEqualTo(request.getSpanId());
            assertThat(span("plan").getParentSpanId()).isEqualTo(request.getSpanId());
            for (String phase : List.of("catalog lookup", "evaluate", "send")) {
                assertThat(span(phase).getParentSpanId()).as(phase).isEqualTo(query.getSpanId());
                assertThat(span(phase).getTraceId()).isEqualTo(TRACE_ID);
            }
        }
    }

    @Test
    void failuresAreInTheStatus() throws Exception {
        try (TestingApi api = start()) {
            assertThat(api.get(instant("sum(", "10")).statusCode()).isEqualTo(400);
            SpanData request = span("GET /api/v1/query");
            assertThat(text(request, "query_id")).isNotEmpty();
            assertThat(request.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(request.getParentSpanContext().isValid()).isFalse();
            exporter.reset();
            api.workManager().setWorkers(false);
            assertThat(api.get(instant("up", "10")).statusCode()).isEqualTo(503);
            assertThat(span("query").getStatus().getDescription()).contains("no workers");
            assertThat(text(span("query"), "outcome")).isEqualTo("unavailable");
        }
    }

    @Test
    void aClientThatDoesNotSampleAndOneThatSendsRubbish() throws Exception {
        try (TestingApi api = start()) {
            assertThat(api.send(api.request(instant("up", "10"))
                                    .header("traceparent", "00-" + TRACE_ID + "-b7ad6b7169203331-00"))
                            .statusCode())
                    .isEqualTo(200);
            assertThat(exporter.getFinishedSpanItems()).isEmpty();
            assertThat(api.send(api.request(instant("up", "10")).header("traceparent", "rubbish"))
                            .statusCode())
                    .isEqualTo(200);
            assertThat(span("query").getTraceId()).isNotEqualTo(TRACE_ID);
        }
    }
}
