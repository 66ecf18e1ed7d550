package io.weir.cli.query;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/**
 * Cancels a query at its server when this process ends (Ctrl-C) before the query does. The end of the connection would tell the server as well,
 * unless there is a proxy between that keeps its own.
 */
final class CancelOnExit implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 2_000;

    private final URI query;
    private final String tenant;
    private final Thread hook = Thread.ofPlatform().name("weir-cancel-query").unstarted(this::cancel);

    CancelOnExit(URI base, String tenant, String queryId) {
        this.query = base.resolve("/api/v1/queries/" + queryId);
        this.tenant = tenant;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Asks the server to cancel the query, in bounded time. */
    void cancel() {
        try {
            HttpURLConnection connection = (HttpURLConnection) query.toURL().openConnection();
            connection.setRequestMethod("DELETE");
            connection.setRequestProperty("X-Scope-OrgID", tenant);
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            int status = connection.getResponseCode();
            System.err.println(
                    status / 100 == 2 ? "weir: query canceled" : "weir: the server had no such query any more");
        } catch (IOException e) {
            System.err.println("weir: cannot cancel the query at the server: " + e.getMessage());
        }
    }

    /** The query has ended. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This process is ending, the query is being canceled.
            return;
        }
    }
}
