package io.weir.eventstats.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A key server over real HTTP, whose document, status and speed a test sets. */
public final class TestingKeyServer implements AutoCloseable {
    private final HttpServer server;
    private final AtomicInteger requests = new AtomicInteger();
    private volatile String document = "";
    private volatile int status = 200;
    private volatile long beforeHeadersMillis;
    private volatile long beforeBodyMillis;

    private TestingKeyServer(HttpServer server) {
        this.server = server;
    }

    public static TestingKeyServer start(String document) {
        return start(document, 0);
    }

    /** @param port 0 for any */
    public static TestingKeyServer start(String document, int port) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 16);
            TestingKeyServer keys = new TestingKeyServer(server);
            keys.document = document;
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/keys", keys::answer);
            server.start();
            return keys;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.incrementAndGet();
            Thread.sleep(beforeHeadersMillis);
            byte[] body = document.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            if (status == 302) {
                exchange.getResponseHeaders().add("Location", url() + "/elsewhere");
            }
            exchange.sendResponseHeaders(status, 0);
            exchange.getResponseBody().flush();
            Thread.sleep(beforeBodyMillis);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public String url() {
        return "http://127.0.0.1:" + port() + "/keys";
    }

    public int port() {
        return server.getAddress().getPort();
    }

    /** Requests so far. */
    public int requests() {
        return requests.get();
    }

    public void publish(String newDocument) {
        document = newDocument;
    }

    public void answerWith(int newStatus) {
        status = newStatus;
    }

    /** Delays its answers, before the headers and between headers and body. */
    public void delay(long newBeforeHeadersMillis, long newBeforeBodyMillis) {
        beforeHeadersMillis = newBeforeHeadersMillis;
        beforeBodyMillis = newBeforeBodyMillis;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
