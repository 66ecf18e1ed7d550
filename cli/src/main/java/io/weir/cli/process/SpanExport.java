package io.weir.cli.process;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.weir.proto.trace.Tracing;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the spans of this process to an OpenTelemetry collector, from a thread of its own: a collector that is slow or gone costs spans, never
 * time of a query.
 */
public final class SpanExport implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpanExport.class);
    /** The libraries' own log, kept from being collected. */
    private static final java.util.logging.Logger LIBRARY = java.util.logging.Logger.getLogger("io.opentelemetry");

    private final @Nullable OpenTelemetrySdk sdk;
    private final Tracing tracing;
    private final long closeMillisMax;

    private SpanExport(@Nullable OpenTelemetrySdk sdk, Tracing tracing, long closeMillisMax) {
        this.sdk = sdk;
        this.tracing = tracing;
        this.closeMillisMax = closeMillisMax;
    }

    /**
     * Starts exporting, if the settings or the environment name an endpoint.
     *
     * @param service name if neither settings nor environment have one
     * @param environment the process' variables
     * @throws IllegalArgumentException if the environment asks for something that is not supported
     */
    public static SpanExport start(
            TracingSettings settings, String service, Map<String, String> environment, MeterRegistry registry) {
        String endpoint = endpoint(settings, environment);
        if (endpoint.isEmpty()) {
            return new SpanExport(null, Tracing.OFF, 0);
        }
        String name = settings.serviceName().isEmpty()
                ? environment.getOrDefault("OTEL_SERVICE_NAME", service)
                : settings.serviceName();
        logThroughSlf4j();
        SpanExporter exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(endpoint)
                .setTimeout(settings.exportTimeoutMillis(), TimeUnit.MILLISECONDS)
                .setConnectTimeout(settings.exportTimeoutMillis(), TimeUnit.MILLISECONDS)
                .build();
        OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(settings.sampleRatio())))
                        .setResource(Resource.getDefault()
                                .merge(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), name))))
                        .addSpanProcessor(BatchSpanProcessor.builder(new Counted(exporter, registry))
                                .setMaxQueueSize(settings.queueSpansMax())
                                .setMaxExportBatchSize(settings.batchSpansMax())
                                .setScheduleDelay(settings.exportIntervalMillis(), TimeUnit.MILLISECONDS)
                                .setExporterTimeout(settings.exportTimeoutMillis(), TimeUnit.MILLISECONDS)
                                .build())
                        .build())
                .build();
        LOG.info("spans of {} go to {}, {} of the traces that begin here", name, endpoint, settings.sampleRatio());
        return new SpanExport(sdk, Tracing.of(sdk), settings.exportTimeoutMillis());
    }

    private static String endpoint(TracingSettings settings, Map<String, String> environment) {
        if (!settings.endpoint().isEmpty()) {
            return settings.endpoint();
        }
        if (environment.getOrDefault("OTEL_SDK_DISABLED", "").equalsIgnoreCase("true")) {
            return "";
        }
        String exact = environment.getOrDefault("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "");
        String base = environment.getOrDefault("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        String endpoint = !exact.isEmpty() || base.isEmpty() ? exact : base.replaceFirst("/+$", "") + "/v1/traces";
        String protocol = environment.getOrDefault(
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                environment.getOrDefault("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        if (!endpoint.isEmpty() && !protocol.equals("http/protobuf")) {
            throw new IllegalArgumentException("OTEL_EXPORTER_OTLP_PROTOCOL is " + protocol
                    + ", but only http/protobuf is supported; point the endpoint at the collector's HTTP port, 4318");
        }
        return endpoint;
    }

    /** The exporter tells of a collector that is gone; it does so rarely, and in Weir's log. */
    private static void logThroughSlf4j() {
        synchronized (LIBRARY) {
            if (LIBRARY.getHandlers().length == 0) {
                LIBRARY.setUseParentHandlers(false);
                LIBRARY.addHandler(new ToSlf4j());
            }
        }
    }

    private static final class ToSlf4j extends Handler {
        @Override
        public void publish(LogRecord entry) {
            if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
                Throwable thrown = entry.getThrown();
                LOG.warn("{}{}", entry.getMessage(), thrown == null ? "" : ": " + thrown);
            }
        }

        @Override
        public void flush() {
            // Nothing is kept here.
        }

        @Override
        public void close() {
            // Nothing is kept here.
        }
    }

    /** Counts what the collector took and what it did not. */
    private static final class Counted implements SpanExporter {
        private final SpanExporter exporter;
        private final Counter sent;
        private final Counter failed;

        Counted(SpanExporter exporter, MeterRegistry registry) {
            this.exporter = exporter;
            this.sent = counter(registry, "sent");
            this.failed = counter(registry, "failed");
        }

        private static Counter counter(MeterRegistry registry, String outcome) {
            return Counter.builder("weir_trace_spans_total")
                    .description("Spans that were handed to the collector, by what became of them")
                    .tag("outcome", outcome)
                    .register(registry);
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            int size = spans.size();
            CompletableResultCode result = exporter.export(spans);
            return result.whenComplete(() -> (result.isSuccess() ? sent : failed).increment(size));
        }

        @Override
        public CompletableResultCode flush() {
            return exporter.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return exporter.shutdown();
        }
    }

    public Tracing tracing() {
        return tracing;
    }

    /** Sends what waits, in bounded time. */
    @Override
    public void close() {
        if (sdk != null) {
            CompletableResultCode ended =
                    Objects.requireNonNull(sdk).getSdkTracerProvider().shutdown();
            if (!ended.join(closeMillisMax, TimeUnit.MILLISECONDS).isSuccess()) {
                LOG.warn("the last spans may not have reached the collector");
            }
        }
    }
}
