package io.weir.cli.query;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** An HTTP server that answers every request with the same status and text, and keeps the requests. */
public final class TestingServer implements AutoCloseable {
    /** A request as it came. */
    public record Request(String path, String tenant, String authorization, String body) {}

    private final HttpServer server;
    private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();

    private TestingServer(HttpServer server) {
        this.server = server;
    }

    public static TestingServer answering(int status, String text) throws IOException {
        return start(status, text, false);
    }

    /** Announces more than it sends, then closes the connection. */
    public static TestingServer breakingAfter(String text) throws IOException {
        return start(200, text, true);
    }

    private static TestingServer start(int status, String text, boolean isBreaking) throws IOException {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        TestingServer server = new TestingServer(http);
        http.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            server.requests.add(new Request(
                    exchange.getRequestURI().getRawPath(),
                    String.valueOf(exchange.getRequestHeaders().getFirst("X-Scope-OrgID")),
                    String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")),
                    body));
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length + (isBreaking ? 1000 : 0));
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(bytes);
                out.flush();
            } finally {
                exchange.close();
            }
        });
        http.start();
        return server;
    }

    public URI base() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    public Request request() throws InterruptedException {
        return requests.take();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
