package io.weir.eventstats.auth;

import io.javalin.Javalin;
import io.javalin.http.HttpResponseException;
import io.weir.promql.error.QueryException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** A real HTTP server that answers with the user (/user) or the tenant (/tenant) of a request, and what is asked of it. */
final class TestingAuthServer implements AutoCloseable {
    private final Javalin javalin;
    private final HttpClient client = HttpClient.newHttpClient();

    TestingAuthServer(AuthService auth) {
        javalin = Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    config.jetty.host = "127.0.0.1";
                    config.jetty.port = 0;
                    config.routes.get(
                            "/tenant", context -> context.result(auth.tenants().tenant(context)));
                    config.routes.get("/user", context -> {
                        try {
                            context.result(auth.authenticator()
                                    .authenticate(context::header)
                                    .user());
                        } catch (AuthenticationException e) {
                            context.status(e.status()).result(String.valueOf(e.getMessage()));
                        }
                    });
                    config.routes.exception(
                            QueryException.BadData.class,
                            (e, context) -> context.status(400).result(String.valueOf(e.getMessage())));
                    config.routes.exception(
                            HttpResponseException.class,
                            (e, context) -> context.status(e.getStatus()).result(String.valueOf(e.getMessage())));
                })
                .start();
    }

    /** @param headers names and values in turn */
    HttpResponse<String> get(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + javalin.port() + path));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        client.close();
        javalin.stop();
    }
}
