package io.weir.ingest.load;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** HTTP exchanges bounded in time and size to the last byte of the answer; the JDK's own timeout ends with its headers. */
public final class BoundedHttp {
    private BoundedHttp() {}

    /**
     * The answer.
     *
     * @throws IOException if there is none in time
     */
    public static HttpResponse<BoundedBody> send(
            HttpClient client, HttpRequest request, long timeoutMillis, long bodyBytesMax)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<BoundedBody>> future =
                client.sendAsync(request, BoundedBody.handler(bodyBytesMax));
        try {
            return future.get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no complete answer within " + timeoutMillis + " ms");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IOException("exchange failed: " + e.getCause(), e);
        } finally {
            // Does nothing to an exchange that is over; ends one that is not.
            future.cancel(true);
        }
    }
}
