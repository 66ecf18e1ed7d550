package io.weir.cluster;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP proxy in front of a worker's artifacts that can damage what passes. */
final class TestingArtifactProxy implements AutoCloseable {
    /** What is done to an answer. */
    enum Fault {
        /** One byte in the middle is another. */
        CORRUPT,
        /** The connection ends after half of the announced bytes. */
        CUT,
        /** Half of the bytes, announced as the whole. */
        SHORT,
        NOT_FOUND,
        GONE,
        SERVER_ERROR,
        /** The request reaches the worker later than its artifact lives. */
        HOLD
    }

    private record Plan(Fault fault, AtomicInteger left) {}

    private final URI worker;
    private final long holdMillis;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final AtomicInteger fetches = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();
    private volatile Plan plan = new Plan(Fault.CORRUPT, new AtomicInteger());

    /** @param holdMillis how long {@link Fault#HOLD} holds a request */
    TestingArtifactProxy(URI worker, long holdMillis) throws IOException {
        this.worker = worker;
        this.holdMillis = holdMillis;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    URI base() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** The next fetches fail in this way, later ones do not. */
    void fail(Fault fault, int times) {
        plan = new Plan(fault, new AtomicInteger(times));
    }

    int fetches() {
        return fetches.get();
    }

    /** How many fetches were made to fail. */
    int faults() {
        return faults.get();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            fetches.incrementAndGet();
            Plan current = plan;
            boolean damaged = current.left().getAndDecrement() > 0;
            if (!damaged) {
                HttpResponse<byte[]> answer = forward(exchange);
                reply(exchange, answer, answer.body(), answer.body().length);
                return;
            }
            faults.incrementAndGet();
            switch (current.fault()) {
                case NOT_FOUND -> status(exchange, 404);
                case GONE -> status(exchange, 410);
                case SERVER_ERROR -> status(exchange, 500);
                case HOLD -> {
                    Thread.sleep(holdMillis);
                    HttpResponse<byte[]> answer = forward(exchange);
                    reply(exchange, answer, answer.body(), answer.body().length);
                }
                case CORRUPT -> {
                    HttpResponse<byte[]> answer = forward(exchange);
                    byte[] body = answer.body().clone();
                    body[body.length / 2] ^= 1;
                    reply(exchange, answer, body, body.length);
                }
                case CUT -> {
                    HttpResponse<byte[]> answer = forward(exchange);
                    byte[] body = answer.body();
                    reply(exchange, answer, Arrays.copyOf(body, body.length / 2), body.length);
                }
                case SHORT -> {
                    HttpResponse<byte[]> answer = forward(exchange);
                    byte[] half = Arrays.copyOf(answer.body(), answer.body().length / 2);
                    reply(exchange, answer, half, half.length);
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private HttpResponse<byte[]> forward(HttpExchange exchange) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(worker.resolve(exchange.getRequestURI())).build();
        return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    private static void status(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
    }

    private static void reply(HttpExchange exchange, HttpResponse<byte[]> answer, byte[] body, int announcedBytes)
            throws IOException {
        answer.headers()
                .firstValue("X-Artifact-Checksum")
                .ifPresent(checksum -> exchange.getResponseHeaders().set("X-Artifact-Checksum", checksum));
        exchange.sendResponseHeaders(answer.statusCode(), announcedBytes);
        OutputStream out = exchange.getResponseBody();
        out.write(body);
        if (body.length == announcedBytes) {
            out.close();
        } else {
            out.flush();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        client.shutdownNow();
    }
}
