package io.weir.ingest.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.weir.ingest.openmetrics.TextFormat;
import io.weir.ingest.openmetrics.TextFormatException;
import io.weir.proto.remote.v1.Sample;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xerial.snappy.Snappy;

final class LoaderFailuresTest {
    private final Map<String, Long> received = new ConcurrentSkipListMap<>();
    private final Queue<String> metadata = new ConcurrentLinkedQueue<>();
    private final Queue<Integer> answers = new ConcurrentLinkedQueue<>();
    private final Queue<String> tenants = new ConcurrentLinkedQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer server = startless();

    private static HttpServer startless() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @BeforeEach
    void start() {
        server.createContext("/", this::answer);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        client.shutdownNow();
    }

    @Test
    void everySampleArrivesThroughFailuresWithItsBits() throws Exception {
        answers.addAll(List.of(503, 200, 429, 500, 200, 503));
        StringBuilder text = new StringBuilder("# TYPE m counter\n# HELP m some help\n");
        Map<String, Long> expected = new TreeMap<>();
        for (int i = 0; i < 1_000; i++) {
            double value = i % 10 == 0 ? -0.0 : Math.sqrt(i) * 1e-7;
            text.append("m_total{s=\"" + i % 7 + "\"} " + value + " " + (1_700_000_000L + i) + ".25\n");
            expected.put(i % 7 + "@" + (1_700_000_000_250L + i * 1_000L), Double.doubleToRawLongBits(value));
        }
        text.append("# EOF\n");

        OpenMetricsLoader.Result result = load(text.toString(), 60_000);

        assertThat(received).isEqualTo(expected);
        assertThat(result.samples()).isEqualTo(1_000);
        assertThat(result.bytes()).isEqualTo(text.length());
        assertThat(metadata).containsExactly("m COUNTER some help");
        assertThat(tenants).containsOnly("team-a");
        assertThat(answers).isEmpty();
    }

    @Test
    void refusalEndsTheLoadWithTheServersMessage() {
        answers.add(400);
        assertThatThrownBy(() -> load("m 1 1\n# EOF\n", 60_000))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("answer 400");
        assertThat(requests).hasValue(1);
    }

    @Test
    void givesUpWhenTheTimeForRetriesIsOver() {
        answers.addAll(new ArrayDeque<>(java.util.Collections.nCopies(10_000, 503)));
        assertThatThrownBy(() -> load("m 1 1\n# EOF\n", 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("given up");
        assertThat(requests).hasValue(1);
    }

    @Test
    void sampleWithoutTimestampNamesItsLine() {
        assertThatThrownBy(() -> load("m 1 1\nm 2\n# EOF\n", 60_000))
                .isInstanceOf(TextFormatException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("timestamp");
    }

    private OpenMetricsLoader.Result load(String text, long retryTotalMillisMax) throws Exception {
        URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/api/v1/write");
        RemoteWriteSink sink =
                new RemoteWriteSink(new RemoteWriteSettings(url, "team-a", 10_000, 1, 4, retryTotalMillisMax), client);
        return new OpenMetricsLoader(new LoadSettings(64, 3), sink, (bytes, samples) -> {})
                .load(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), TextFormat.OPENMETRICS);
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        byte[] body = exchange.getRequestBody().readAllBytes();
        Integer planned = answers.poll();
        int status = planned == null ? 200 : planned;
        if (status == 200) {
            tenants.add(exchange.getRequestHeaders().getFirst("X-Scope-OrgID"));
            WriteRequest request = WriteRequest.parseFrom(Snappy.uncompress(body));
            for (TimeSeries series : request.getTimeseriesList()) {
                String key = series.getLabelsCount() > 1 ? series.getLabels(1).getValue() : "";
                for (Sample sample : series.getSamplesList()) {
                    received.put(key + "@" + sample.getTimestamp(), Double.doubleToRawLongBits(sample.getValue()));
                }
            }
            request.getMetadataList()
                    .forEach(
                            one -> metadata.add(one.getMetricFamilyName() + " " + one.getType() + " " + one.getHelp()));
        }
        byte[] text = ("answer " + status).getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, text.length);
        exchange.getResponseBody().write(text);
        exchange.close();
    }
}
