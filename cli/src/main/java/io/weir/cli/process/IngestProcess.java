package io.weir.cli.process;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.ingest.http.IngestHttp;
import io.weir.ingest.http.IngestServer;
import io.weir.ingest.http.IngestSettings;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.lake.store.LakeSettings;
import io.weir.lake.store.ObjectStore;
import io.weir.lake.store.ObjectStores;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import java.io.IOException;

/** An ingester with its catalog, store and HTTP server, started and stopped together. */
public final class IngestProcess implements AutoCloseable {
    private final BoundedClose parts = new BoundedClose();
    private final IngestHttp http;

    private IngestProcess(
            Meters meters,
            HikariDataSource database,
            ObjectStore store,
            IngestServer ingest,
            long flushMillisMax,
            IngestHttp http) {
        parts.add(meters);
        parts.add(database);
        parts.add(store);
        parts.add(ingest, flushMillisMax);
        this.http = parts.add(http);
    }

    public static IngestProcess start(
            IngestSettings settings, DatabaseSettings database, LakeSettings lake, String host, int port)
            throws IOException {
        Meters meters = new Meters();
        HikariDataSource pool = Databases.open(database);
        CatalogSchema.migrate(pool);
        ObjectStore store = ObjectStores.open(lake);
        IngestServer ingest = IngestServer.start(settings, new PostgresCatalog(pool), store, meters.registry());
        IngestHttp http = IngestHttp.start(ingest, meters.registry(), host, port);
        return new IngestProcess(meters, pool, store, ingest, settings.closeTimeoutMillis(), http);
    }

    public int port() {
        return http.port();
    }

    /** Stops taking writes, flushes what is in memory, in bounded time; what is not flushed then stays in the log. */
    @Override
    public void close() {
        close(ShutdownSettings.DEFAULT.partMillisMax());
    }

    /**
     * As {@link #close()}.
     *
     * @param partMillisMax longest close of one part, beside the time for the last flush; one that hangs is left behind
     * @return whether every part ended in order
     */
    public boolean close(long partMillisMax) {
        return parts.close(partMillisMax);
    }
}
