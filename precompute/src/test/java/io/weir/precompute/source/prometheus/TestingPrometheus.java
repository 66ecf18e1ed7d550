package io.weir.precompute.source.prometheus;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.weir.sketch.SampleSketches;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server on a real port that answers range selectors from samples it holds, of one metric with label {@code pod}, as Prometheus does, and anything
 * else as a test wants.
 */
final class TestingPrometheus implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("(\\{.*\\})\\[(\\d+)ms\\]");

    /** What came with a request. */
    record Request(String path, Map<String, String> form, Map<String, String> headers) {}

    /** What answers anything but a range selector. */
    @FunctionalInterface
    interface Otherwise {
        void answer(HttpExchange exchange) throws IOException;
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, TreeMap<Long, Double>> samplesByPod = new ConcurrentHashMap<>();
    final List<Request> requests = new CopyOnWriteArrayList<>();

    TestingPrometheus(Otherwise otherwise) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                Map<String, String> form = form(exchange);
                Map<String, String> headers = new HashMap<>();
                exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
                requests.add(new Request(exchange.getRequestURI().getPath(), form, headers));
                Matcher range = RANGE.matcher(form.getOrDefault("query", ""));
                if (range.matches()) {
                    json(exchange, 200, matrix(Long.parseLong(range.group(2)), millis(form.getOrDefault("time", ""))));
                } else {
                    otherwise.answer(exchange);
                }
            }
        });
        server.start();
    }

    private static long millis(String seconds) {
        return new java.math.BigDecimal(seconds).movePointRight(3).longValueExact();
    }

    private static Map<String, String> form(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Map<String, String> form = new HashMap<>();
        for (String pair : body.split("&")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                form.put(
                        pair.substring(0, equals),
                        URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return form;
    }

    void sample(String pod, long millis, double value) {
        samplesByPod.computeIfAbsent(pod, any -> new TreeMap<>()).put(millis, value);
    }

    /** Both ends included, as Prometheus 2 has it: readers must not count a border twice. */
    private String matrix(long rangeMillis, long toMillis) {
        StringBuilder json =
                new StringBuilder("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[");
        String separator = "";
        for (String pod : new TreeMap<>(samplesByPod).keySet()) {
            Map<Long, Double> inside =
                    Objects.requireNonNull(samplesByPod.get(pod)).subMap(toMillis - rangeMillis, true, toMillis, true);
            if (inside.isEmpty()) {
                continue;
            }
            json.append(separator)
                    .append("{\"metric\":{\"__name__\":\"latency\",\"pod\":\"")
                    .append(pod)
                    .append("\"},\"values\":[");
            separator = ",";
            String comma = "";
            for (Map.Entry<Long, Double> sample : inside.entrySet()) {
                json.append(comma)
                        .append('[')
                        .append(java.math.BigDecimal.valueOf(sample.getKey(), 3).toPlainString())
                        .append(",\"")
                        .append(SampleSketches.text(sample.getValue()))
                        .append("\"]");
                comma = ",";
            }
            json.append("]}");
        }
        return json.append("]}}").toString();
    }

    static void json(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
