package io.weir.promql.differential;

import io.weir.promql.labels.Labels;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A real Prometheus over a folder, listening on a free port of 127.0.0.1, stopped when closed. */
final class TestingPrometheus implements AutoCloseable {
    private static final long START_TIMEOUT_MILLIS = 30_000;
    private static final long STOP_TIMEOUT_SECONDS = 10;
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(20);
    private static final Pattern LISTENING = Pattern.compile("msg=\"Listening on\" address=127\\.0\\.0\\.1:(\\d+)");

    private final Process process;
    private final Path log;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private URI address = URI.create("http://127.0.0.1");

    private TestingPrometheus(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Makes blocks of the text and starts a server over them; {@code folder} is empty and stays the caller's. */
    static TestingPrometheus start(Path folder, String openMetrics) throws IOException, InterruptedException {
        Path text = Files.writeString(folder.resolve("samples.txt"), openMetrics);
        Path data = folder.resolve("data");
        run(List.of(
                program("promtool"),
                "tsdb",
                "create-blocks-from",
                "openmetrics",
                "--quiet",
                text.toString(),
                data.toString()));
        Path configuration = Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
        Path log = folder.resolve("prometheus.log");
        Process process = new ProcessBuilder(
                        program("prometheus"),
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + data,
                        "--storage.tsdb.retention.time=100y",
                        "--web.listen-address=127.0.0.1:0",
                        "--web.enable-remote-write-receiver")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        TestingPrometheus prometheus = new TestingPrometheus(process, log);
        try {
            prometheus.awaitReady();
        } catch (IOException | InterruptedException | RuntimeException e) {
            prometheus.close();
            throw e;
        }
        return prometheus;
    }

    private static String program(String name) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, name))) {
                return Path.of(folder, name).toString();
            }
        }
        throw new IllegalStateException(
                "this test needs " + name + " on PATH: install the Debian package prometheus (2.42 or newer)");
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("promtool", ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean isDone = process.waitFor(60, TimeUnit.SECONDS);
        if (!isDone) {
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        Files.delete(output);
        if (!isDone || process.exitValue() != 0) {
            throw new IllegalStateException(command + " failed: " + text);
        }
    }

    private void awaitReady() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_TIMEOUT_MILLIS);
        while (System.nanoTime() < deadline) {
            String text = Files.readString(log);
            Matcher matcher = LISTENING.matcher(text);
            if (text.contains("Server is ready to receive web requests") && matcher.find()) {
                address = URI.create("http://127.0.0.1:" + matcher.group(1));
                return;
            }
            if (!process.isAlive()) {
                break;
            }
            Thread.sleep(20);
        }
        throw new IllegalStateException("prometheus did not start: " + Files.readString(log));
    }

    Answer instant(String query, long timeMillis) throws IOException, InterruptedException {
        return ask("/api/v1/query", Map.of("query", query, "time", seconds(timeMillis)));
    }

    Answer range(String query, long startMillis, long endMillis, long stepMillis)
            throws IOException, InterruptedException {
        return ask(
                "/api/v1/query_range",
                Map.of(
                        "query", query,
                        "start", seconds(startMillis),
                        "end", seconds(endMillis),
                        "step", seconds(stepMillis)));
    }

    /** Sends samples the way another Prometheus does. */
    void write(byte[] snappyRequest) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(address.resolve("/api/v1/write"))
                .timeout(REQUEST_TIMEOUT)
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy")
                .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                .POST(HttpRequest.BodyPublishers.ofByteArray(snappyRequest))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new IllegalStateException("prometheus refused samples: " + response.body());
        }
    }

    private static String seconds(long millis) {
        return BigDecimal.valueOf(millis, 3).toPlainString();
    }

    private Answer ask(String path, Map<String, String> parameters) throws IOException, InterruptedException {
        String body = parameters.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        HttpRequest request = HttpRequest.newBuilder(address.resolve(path))
                .timeout(REQUEST_TIMEOUT)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        String text = client.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
                .body();
        return answer(object(TestingJson.parse(text)));
    }

    private static Answer answer(Map<String, Object> response) {
        if (!"success".equals(response.get("status"))) {
            return Answer.error(
                    String.valueOf(response.get("error")).replaceFirst("^invalid parameter \"query\": ", ""));
        }
        Map<String, Object> data = object(response.get("data"));
        String type = String.valueOf(data.get("resultType"));
        List<Object> result = list(data.get("result"));
        return switch (type) {
            case "string" -> new Answer(type, String.valueOf(result.get(1)), List.of());
            case "scalar" -> new Answer(type, "", List.of(row(Labels.EMPTY, List.of(result))));
            default ->
                new Answer(
                        type, "", result.stream().map(TestingPrometheus::series).toList());
        };
    }

    private static Answer.Row series(Object element) {
        Map<String, Object> series = object(element);
        Map<String, String> labels = new LinkedHashMap<>();
        object(series.get("metric")).forEach((name, value) -> labels.put(name, String.valueOf(value)));
        List<Object> points = new ArrayList<>();
        if (series.containsKey("value")) {
            points.add(series.get("value"));
        } else {
            points.addAll(list(series.get("values")));
        }
        return row(Labels.of(labels), points);
    }

    private static Answer.Row row(Labels labels, List<Object> points) {
        long[] timestamps = new long[points.size()];
        double[] values = new double[points.size()];
        for (int i = 0; i < timestamps.length; i++) {
            List<Object> point = list(points.get(i));
            timestamps[i] = new BigDecimal(String.valueOf(point.get(0)))
                    .movePointRight(3)
                    .longValueExact();
            values[i] = number(String.valueOf(point.get(1)));
        }
        return new Answer.Row(labels, timestamps, values);
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(@org.jspecify.annotations.Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw new IllegalArgumentException("not an object: " + value);
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(@org.jspecify.annotations.Nullable Object value) {
        if (value instanceof List<?> list) {
            return (List<Object>) list;
        }
        throw new IllegalArgumentException("not a list: " + value);
    }

    /** Stops this very process. */
    @Override
    public void close() throws InterruptedException {
        client.close();
        process.destroy();
        if (!process.waitFor(STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            process.waitFor(STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        }
    }
}
