package io.weir.proto.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.Javalin;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A connection after an answer that was ready before its request had been read. */
final class UnreadBodyTest {
    private Javalin server;

    @BeforeEach
    void start() {
        server = Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    config.concurrency.useVirtualThreads = true;
                    config.jetty.host = "127.0.0.1";
                    config.jetty.port = 0;
                    config.routes.after(UnreadBody::finish);

                    config.routes.post(
                            "/refused", context -> context.status(413).result("refused"));
                    config.routes.get("/next", context -> context.result("next"));
                })
                .start();
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @Test
    void theConnectionServesTheNextRequest() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(30_000);
            OutputStream out = socket.getOutputStream();
            post(out, 300_000);
            out.write(new byte[100_000]);
            out.flush();
            // The route has long ended when the rest comes.
            Thread.sleep(100);
            out.write(new byte[200_000]);
            out.write("GET /next HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            BufferedReader in = reader(socket);
            String refused = head(in);
            assertThat(refused).startsWith("http/1.1 413").doesNotContain("connection: close");
            in.skip("refused".length());
            assertThat(head(in)).startsWith("http/1.1 200");
        }
    }

    @Test
    void aBodyBeyondTheLimitEndsTheConnectionAndSaysSo() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(30_000);
            OutputStream out = socket.getOutputStream();
            post(out, 2 * UnreadBody.SKIPPED_BYTES_MAX);
            byte[] part = new byte[1 << 20];
            for (int sent = 0; sent <= UnreadBody.SKIPPED_BYTES_MAX; sent += part.length) {
                out.write(part);
            }
            out.flush();
            assertThat(head(reader(socket))).startsWith("http/1.1 413").contains("connection: close");
        }
    }

    private static void post(OutputStream out, int bytes) throws IOException {
        out.write(("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: " + bytes + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    private static String head(BufferedReader in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            head.append(line.toLowerCase(Locale.ROOT)).append('\n');
        }
        return head.toString();
    }
}
