package io.weir.ingest.scrape;

import io.weir.ingest.load.BoundedBody;
import io.weir.ingest.load.BoundedHttp;
import io.weir.ingest.openmetrics.TextFormat;
import io.weir.ingest.openmetrics.TextFormatListener;
import io.weir.ingest.openmetrics.TextFormatParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** A target read by HTTP; its Content-Type decides which of the two text formats it is parsed as. */
public final class HttpScrapeSource implements ScrapeSource {
    private static final String ACCEPT =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

    private final ScrapeTarget target;
    private final HttpClient http;
    private final ScrapeSettings settings;
    private final TextFormatParser prometheusText;
    private final TextFormatParser openMetrics;

    public HttpScrapeSource(ScrapeTarget target, HttpClient http, ScrapeSettings settings) {
        this.target = target;
        this.http = http;
        this.settings = settings;
        this.prometheusText = new TextFormatParser(TextFormat.PROMETHEUS_TEXT, settings.parser());
        this.openMetrics = new TextFormatParser(TextFormat.OPENMETRICS, settings.parser());
    }

    @Override
    public String job() {
        return target.job();
    }

    @Override
    public String instance() {
        return target.instance();
    }

    @Override
    public void collect(TextFormatListener listener) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(target.url())
                .header("Accept", ACCEPT)
                .header("User-Agent", "weir")
                .header("X-Prometheus-Scrape-Timeout-Seconds", Double.toString(settings.timeoutMillis() / 1_000.0))
                .GET()
                .build();
        HttpResponse<BoundedBody> response =
                BoundedHttp.send(http, request, settings.timeoutMillis(), settings.bodyBytesMax());
        if (response.statusCode() != 200) {
            throw new IOException(target.url() + " answered with status " + response.statusCode());
        }
        if (response.body().cut()) {
            throw new IOException(target.url() + " answered with more than the limit of " + settings.bodyBytesMax()
                    + " bytes: raise bodyBytesMax or expose less");
        }
        TextFormat format = TextFormat.ofContentType(
                response.headers().firstValue("Content-Type").orElse(null));
        TextFormatParser parser = switch (format) {
            case PROMETHEUS_TEXT -> prometheusText;
            case OPENMETRICS -> openMetrics;
        };
        parser.parse(new ByteArrayInputStream(response.body().bytes()), listener);
    }
}
