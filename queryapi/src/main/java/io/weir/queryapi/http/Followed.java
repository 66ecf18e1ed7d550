package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import io.weir.proto.trace.Tracing;
import java.util.Objects;

/** A handler of queries as a span of a trace: the client's, if it sent one. */
final class Followed implements Handler {
    private static final String TRACE = "weir.trace";

    private final String route;
    private final Tracing tracing;
    private final Handler handler;

    /** @param route path with its parameters' names, which names the span */
    Followed(String route, Tracing tracing, Handler handler) {
        this.route = route;
        this.tracing = tracing;
        this.handler = handler;
    }

    @Override
    public void handle(Context context) throws Exception {
        String method = context.method().name();
        try (Trace span = tracing.enter(
                method + " " + route,
                SpanKind.SERVER,
                Objects.requireNonNullElse(context.header("traceparent"), ""),
                Objects.requireNonNullElse(context.header("tracestate"), ""))) {
            span.set("http.request.method", method).set("http.route", route).set("url.path", context.path());
            if (span != Trace.OFF) {
                context.attribute(TRACE, span);
            }
            try {
                span.call(() -> {
                    handler.handle(context);
                    return context;
                });
                span.set("http.response.status_code", context.statusCode());
            } catch (Exception e) {
                ErrorMapping.ApiError error = ErrorMapping.of(e);
                span.set("http.response.status_code", error.status()).fail(error.message());
                throw e;
            } finally {
                span.set("query_id", queryId(context));
            }
        }
    }

    private static String queryId(Context context) {
        return Objects.requireNonNullElse(context.res().getHeader(RequestParameters.QUERY_ID_HEADER), "");
    }

    /** For log lines about a request after its handler has failed. */
    static LogContext logContext(Context context) {
        Trace span = context.attribute(TRACE);
        return LogContext.ofQuery(queryId(context), span == null ? Trace.OFF : span);
    }
}
