package io.weir.eventstats.auth;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Reads the bytes of a key document over HTTP or from a file, in bounded time and size. */
final class KeyReader implements AutoCloseable {
    private final KeySettings settings;
    private final URI location;
    private final @Nullable HttpClient client;

    private KeyReader(KeySettings settings, URI location) {
        this.settings = settings;
        this.location = location;
        this.client = isHttp(location)
                ? HttpClient.newBuilder()
                        .connectTimeout(Duration.ofMillis(settings.connectTimeoutMillis()))
                        // Keys come from the address that was configured, not from wherever it points to.
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .build()
                : null;
    }

    /**
     * Opens nothing yet.
     *
     * @throws IllegalArgumentException if the setting is no http, https or file URL and no path
     */
    static KeyReader of(KeySettings settings) {
        return new KeyReader(settings, location(settings.url()));
    }

    private static URI location(String text) {
        String lowerCase = text.toLowerCase(Locale.ROOT);
        try {
            if (!lowerCase.matches("[a-z][a-z0-9+.-]+:.*")) {
                return Path.of(text).toAbsolutePath().toUri();
            }
            URI location = new URI(text);
            boolean isFile = lowerCase.startsWith("file:/") && location.getRawAuthority() == null;
            if (isFile || (isHttp(location) && location.getHost() != null && location.getRawUserInfo() == null)) {
                return location;
            }
        } catch (URISyntaxException | InvalidPathException e) {
            throw new IllegalArgumentException("auth-keys-url is not a URL and not a path: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(
                "auth-keys-url must be an http or https URL without user and password, a file: URL, or a path");
    }

    private static boolean isHttp(URI location) {
        return "http".equalsIgnoreCase(location.getScheme()) || "https".equalsIgnoreCase(location.getScheme());
    }

    /** Whether somebody between here and there could put in keys of his own. */
    boolean isOpenToOthers() {
        return "http".equalsIgnoreCase(location.getScheme())
                && !location.getHost().matches("localhost|127\\.[0-9.]+|\\[::1]");
    }

    /** Where it reads, for the log: without a query, which may hold a secret. */
    String description() {
        return isHttp(location)
                ? location.getScheme() + "://" + location.getRawAuthority() + location.getRawPath()
                : Path.of(location).toString();
    }

    /**
     * Reads the document.
     *
     * @throws IOException with a message for the log
     */
    byte[] read() throws IOException {
        return client == null ? ofFile() : ofServer(client);
    }

    private byte[] ofFile() throws IOException {
        try (InputStream in = Files.newInputStream(Path.of(location))) {
            return bounded(in.readNBytes(settings.documentBytesMax() + 1));
        }
    }

    private byte[] ofServer(HttpClient http) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(location)
                .header("Accept", "application/json, application/jwk-set+json")
                .GET()
                .build();
        CompletableFuture<HttpResponse<byte[]>> exchange = http.sendAsync(
                request,
                HttpResponse.BodyHandlers.limiting(
                        HttpResponse.BodyHandlers.ofByteArray(), settings.documentBytesMax()));
        try {
            // A timeout of the request would end with its headers; this one covers a body that trickles.
            HttpResponse<byte[]> response = exchange.get(settings.readTimeoutMillis(), TimeUnit.MILLISECONDS);
            if (response.statusCode() != 200) {
                throw new IOException("the key server answered with status " + response.statusCode());
            }
            return bounded(response.body());
        } catch (TimeoutException e) {
            throw new IOException(
                    "the key server did not answer within " + settings.readTimeoutMillis()
                            + " ms (auth-keys-read-timeout-millis)",
                    e);
        } catch (ExecutionException e) {
            throw new IOException("the key server cannot be read: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading the keys");
        } finally {
            exchange.cancel(true);
        }
    }

    private byte[] bounded(byte[] document) throws IOException {
        if (document.length > settings.documentBytesMax()) {
            throw new IOException("the document is longer than " + settings.documentBytesMax()
                    + " bytes (auth-keys-document-bytes-max)");
        }
        return document;
    }

    /** Ends a read that is under way. */
    @Override
    public void close() {
        if (client != null) {
            client.shutdownNow();
        }
    }
}
