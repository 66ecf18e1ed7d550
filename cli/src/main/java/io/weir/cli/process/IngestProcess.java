package io.weir.cli.process;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.ingest.http.IngestHttp;
import io.weir.ingest.http.IngestServer;
import io.weir.ingest.http.IngestSettings;
import io.weir.lake.catalog.DatabaseSettings;
import io.weir.lake.catalog.Databases;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.store.LakeSettings;
import io.weir.lake.store.ObjectStore;
import io.weir.lake.store.ObjectStores;
import java.io.IOException;

/** An ingester with its catalog, store and HTTP server, started and stopped together. */
public final class IngestProcess implements AutoCloseable {
    private final Meters meters;
    private final HikariDataSource database;
    private final ObjectStore store;
    private final IngestServer ingest;
    private final IngestHttp http;

    private IngestProcess(
            Meters meters, HikariDataSource database, ObjectStore store, IngestServer ingest, IngestHttp http) {
        this.meters = meters;
        this.database = database;
        this.store = store;
        this.ingest = ingest;
        this.http = http;
    }

    public static IngestProcess start(
            IngestSettings settings, DatabaseSettings database, LakeSettings lake, String host, int port)
            throws IOException {
        Meters meters = new Meters();
        HikariDataSource pool = Databases.open(database);
        Databases.migrate(pool);
        ObjectStore store = ObjectStores.open(lake);
        IngestServer ingest = IngestServer.start(settings, new PostgresCatalog(pool), store, meters.registry());
        IngestHttp http = IngestHttp.start(ingest, meters.registry(), host, port);
        return new IngestProcess(meters, pool, store, ingest, http);
    }

    public int port() {
        return http.port();
    }

    /** Stops taking writes, flushes what is in memory, in bounded time; what is not flushed then stays in the log. */
    @Override
    public void close() {
        http.close();
        ingest.close();
        store.close();
        database.close();
        meters.close();
    }
}
