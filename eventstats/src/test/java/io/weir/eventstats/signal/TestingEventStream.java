package io.weir.eventstats.signal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client of one stream of server-sent events, on a socket of its own, with HTTP/1.1 chunks undone. */
final class TestingEventStream implements AutoCloseable {
    private static final Object END = new Object();

    /** One event as it arrived. */
    record Event(String name, String id, JsonNode data, long arrivedNanos) {
        int kind() {
            return data.path("signal").path("kind").asInt(-1);
        }

        String summary() {
            return data.path("signal").path("summary").asText();
        }
    }

    private final Socket socket;
    private final int status;
    private final Map<String, String> headers;
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private volatile int comments;
    private volatile boolean endedInOrder;

    private TestingEventStream(Socket socket, int status, Map<String, String> headers, BufferedReader reader) {
        this.socket = socket;
        this.status = status;
        this.headers = headers;
        Thread.ofVirtual().start(() -> read(reader));
    }

    static TestingEventStream open(int port, String path, String tenant, String... more) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        StringBuilder head =
                new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: t\r\nX-Tenant-Id: " + tenant + "\r\n");
        for (int i = 0; i < more.length; i += 2) {
            head.append(more[i]).append(": ").append(more[i + 1]).append("\r\n");
        }
        socket.getOutputStream().write((head + "\r\n").getBytes(StandardCharsets.US_ASCII));
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        int status = Integer.parseInt(reader.readLine().split(" ")[1]);
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = reader.readLine(); !line.isEmpty(); line = reader.readLine()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).trim());
        }
        return new TestingEventStream(socket, status, headers, reader);
    }

    private void read(BufferedReader reader) {
        StringBuilder text = new StringBuilder();
        try (reader) {
            if (status == 200) {
                for (int size = chunk(reader); size > 0; size = chunk(reader)) {
                    char[] chars = new char[size];
                    int got = 0;
                    while (got < size) {
                        int read = reader.read(chars, got, size - got);
                        if (read < 0) {
                            return;
                        }
                        got += read;
                    }
                    text.append(chars);
                    takeEvents(text);
                }
                endedInOrder = true;
            }
        } catch (IOException | NumberFormatException e) {
            // The connection was cut; endedInOrder stays false.
            return;
        } finally {
            events.add(END);
        }
    }

    private static int chunk(BufferedReader reader) throws IOException {
        String line = reader.readLine();
        if (line != null && line.isEmpty()) {
            // Jetty sends the end of a chunk with the next one.
            line = reader.readLine();
        }
        if (line == null) {
            throw new IOException("cut");
        }
        return Integer.parseInt(line.trim(), 16);
    }

    private void takeEvents(StringBuilder text) throws IOException {
        for (int end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
            String event = text.substring(0, end);
            text.delete(0, end + 2);
            if (event.startsWith(":")) {
                comments++;
                continue;
            }
            String[] lines = event.split("\n");
            byte[] data = lines[2].substring("data: ".length()).getBytes(StandardCharsets.ISO_8859_1);
            events.add(new Event(
                    lines[0].substring("event: ".length()),
                    lines[1].substring("id: ".length()),
                    new ObjectMapper().readTree(data),
                    System.nanoTime()));
        }
    }

    int status() {
        return status;
    }

    @Nullable
    String header(String name) {
        return headers.get(name);
    }

    int comments() {
        return comments;
    }

    /** Whether the server ended the stream, rather than a broken connection. */
    boolean endedInOrder() {
        return endedInOrder;
    }

    /** The next event. */
    Event next() throws InterruptedException {
        return next(10_000);
    }

    Event next(long millisMax) throws InterruptedException {
        Object next = events.poll(millisMax, TimeUnit.MILLISECONDS);
        if (next instanceof Event event) {
            return event;
        }
        throw new AssertionError(next == null ? "no event within " + millisMax + " ms" : "the stream has ended");
    }

    /** Whether nothing comes for a while. */
    boolean isSilent(long millis) throws InterruptedException {
        Object next = events.poll(millis, TimeUnit.MILLISECONDS);
        if (next != null) {
            events.add(next);
        }
        return next == null;
    }

    /** All events up to the end of the stream. */
    List<Event> rest(long millisMax) throws InterruptedException {
        List<Event> rest = new ArrayList<>();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millisMax);
        while (true) {
            Object next = events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == END) {
                return rest;
            }
            if (next == null) {
                throw new AssertionError("the stream has not ended within " + millisMax + " ms; so far " + rest);
            }
            rest.add((Event) next);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
