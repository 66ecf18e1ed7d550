package io.weir.ingest.http;

import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.weir.ingest.flush.Flusher;

/** The routes of ingest, to be mounted in any Javalin server: those of {@link WriteRoutes} and {@code POST /api/v1/admin/flush}. */
public final class IngestRoutes {
    private final WriteRoutes writes;
    private final Flusher flusher;

    IngestRoutes(WriteRoutes writes, Flusher flusher) {
        this.writes = writes;
        this.flusher = flusher;
    }

    public void register(JavalinConfig config) {
        writes.register(config);
        config.routes.post("/api/v1/admin/flush", context -> writes.guarded(context, this::flush));
    }

    private void flush(Context context) throws InterruptedException {
        flusher.flush();
        context.status(204);
    }
}
