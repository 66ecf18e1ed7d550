package io.weir.cli.process;

import java.net.URI;

/**
 * Where the spans of queries go (OpenTelemetry).
 *
 * @param endpoint of a collector that takes OTLP over HTTP, with its path: http://collector:4318/v1/traces. Empty takes it from OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
 *     or OTEL_EXPORTER_OTLP_ENDPOINT; without these too, tracing is off
 * @param serviceName of the resource; empty takes OTEL_SERVICE_NAME, else weir-api, weir-worker or weir-standalone
 * @param sampleRatio share of the traces that begin here which are recorded, from 0 to 1; a trace that a client has begun is recorded if the client
 *     says so
 * @param exportTimeoutMillis longest time for one request to the collector, and for the last ones when the process ends
 * @param exportIntervalMillis longest time a finished span waits to be sent
 * @param queueSpansMax finished spans that may wait to be sent; further ones are dropped
 * @param batchSpansMax spans in one request to the collector
 */
public record TracingSettings(
        String endpoint,
        String serviceName,
        double sampleRatio,
        long exportTimeoutMillis,
        long exportIntervalMillis,
        int queueSpansMax,
        int batchSpansMax) {
    public static final TracingSettings DEFAULT = new TracingSettings("", "", 1, 5_000, 1_000, 8_192, 512);

    public TracingSettings {
        if (!endpoint.isEmpty()) {
            check(endpoint);
        }
        if (!(sampleRatio >= 0 && sampleRatio <= 1)) {
            throw new IllegalArgumentException("tracing-sample-ratio must be 0 to 1, not " + sampleRatio);
        }
        if (exportTimeoutMillis <= 0 || exportIntervalMillis <= 0) {
            throw new IllegalArgumentException(
                    "tracing-export-timeout-millis and tracing-export-interval-millis must be positive, not "
                            + exportTimeoutMillis + " and " + exportIntervalMillis);
        }
        if (batchSpansMax <= 0 || queueSpansMax < batchSpansMax) {
            throw new IllegalArgumentException("tracing-batch-spans-max must be positive and no more than"
                    + " tracing-queue-spans-max, not " + batchSpansMax + " and " + queueSpansMax);
        }
    }

    private static void check(String endpoint) {
        URI uri;
        try {
            uri = URI.create(endpoint);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tracing-endpoint is no URL: " + endpoint, e);
        }
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (!http || uri.getHost() == null) {
            throw new IllegalArgumentException(
                    "tracing-endpoint must be like http://collector:4318/v1/traces (OTLP over"
                            + " HTTP; OTLP over gRPC is not supported), not " + endpoint);
        }
    }
}
