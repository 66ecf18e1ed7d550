package io.weir.eventstats.signal.http;

import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import io.javalin.http.ServiceUnavailableResponse;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.signal.SignalSettings;
import io.weir.eventstats.signal.Snapshot;
import io.weir.eventstats.signal.SnapshotStore;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.signal.stream.SignalHub;
import io.weir.eventstats.signal.stream.SignalMetrics;
import io.weir.eventstats.signal.stream.SignalMetrics.Outcome;
import io.weir.eventstats.signal.stream.SignalSubscription;
import io.weir.eventstats.signal.stream.TooManyStreamsException;
import io.weir.eventstats.signal.stream.WatchKey;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.RouteContributor;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The routes of first signals: look-ups by run and job with entity tags, and streams of both. */
public final class SignalRoutes implements RouteContributor {
    /** Time that streams get to end when the server stops. */
    private static final long STREAMS_END_MILLIS_MAX = 1_000;

    private static final String RETRY_SECONDS = "5";
    private static final String ALWAYS_ASK = "private, max-age=0, must-revalidate";

    private final SignalSettings settings;
    private final SnapshotStore store;
    private final SignalHub hub;
    private final TenantResolver tenants;
    private final SignalMetrics metrics;

    public SignalRoutes(
            SignalSettings settings,
            SnapshotStore store,
            SignalHub hub,
            TenantResolver tenants,
            SignalMetrics metrics) {
        this.settings = settings;
        this.store = store;
        this.hub = hub;
        this.tenants = tenants;
        this.metrics = metrics;
    }

    @Override
    public void contribute(JavalinConfig config) {
        for (String prefix : List.of("/api/v1", "/api/v1/orchestrator", "/api/v1/jobengine")) {
            config.routes.get(prefix + "/runs/{id}/first-signal", context -> lookUp(WatchKey.Scope.RUN, context));
        }
        config.routes.get("/api/v1/jobs/{id}/first-signal", context -> lookUp(WatchKey.Scope.JOB, context));
        for (String prefix : List.of("/api/v1", "/api/v1/orchestrator")) {
            config.routes.get(prefix + "/stream/runs/{id}", context -> stream(WatchKey.Scope.RUN, context));
        }
        config.routes.get("/api/v1/stream/jobs/{id}", context -> stream(WatchKey.Scope.JOB, context));
    }

    @Override
    public void stopping() throws InterruptedException {
        boolean ignored = hub.endStreams(STREAMS_END_MILLIS_MAX);
    }

    private WatchKey key(WatchKey.Scope scope, Context context) {
        context.header("Cache-Control", "no-store");
        UUID tenant = TenantIds.of(tenants.tenant(context));
        String id = context.pathParam("id");
        if (!TenantIds.isUuid(id)) {
            throw new QueryException.BadData("the id of a " + name(scope) + " must be a UUID");
        }
        return new WatchKey(scope, tenant, UUID.fromString(id));
    }

    private static String name(WatchKey.Scope scope) {
        return switch (scope) {
            case JOB -> "job";
            case RUN -> "run";
        };
    }

    private static NotFoundResponse notFound(WatchKey key) {
        return new NotFoundResponse("this tenant has no " + name(key.scope()) + " " + key.id());
    }

    private void lookUp(WatchKey.Scope scope, Context context) throws IOException {
        WatchKey key = key(scope, context);
        long startNanos = System.nanoTime();
        SnapshotStore.RunSignal found;
        try {
            found = find(key);
        } catch (RuntimeException e) {
            metrics.lookup(Outcome.FAILED, startNanos);
            throw e;
        }
        switch (found) {
            case SnapshotStore.RunSignal.Current current -> {
                boolean sent = answer(key, current.snapshot(), context);
                metrics.lookup(sent ? Outcome.FOUND : Outcome.NOT_MODIFIED, startNanos);
            }
            case SnapshotStore.RunSignal.None none -> {
                context.header("Cache-Control", ALWAYS_ASK)
                        .header("Cache-Status", "miss")
                        .status(204);
                vary(context);
                metrics.lookup(Outcome.NONE, startNanos);
            }
            case SnapshotStore.RunSignal.Unknown unknown -> {
                metrics.lookup(Outcome.UNKNOWN, startNanos);
                throw notFound(key);
            }
        }
    }

    private SnapshotStore.RunSignal find(WatchKey key) {
        return switch (key.scope()) {
            case RUN -> store.run(key.tenantId(), key.id());
            case JOB -> {
                Optional<Snapshot> found = store.job(key.tenantId(), key.id());
                yield found.isPresent()
                        ? new SnapshotStore.RunSignal.Current(found.get())
                        : new SnapshotStore.RunSignal.Unknown();
            }
        };
    }

    /** Whether there was something to send. */
    private boolean answer(WatchKey key, Snapshot snapshot, Context context) throws IOException {
        String tag = EntityTags.of(snapshot);
        // A run may go on with another job at any time; an ended job never does.
        boolean isFinal = key.scope() == WatchKey.Scope.JOB && snapshot.kind().isTerminal();
        context.header("ETag", tag)
                .header("Cache-Control", isFinal ? "private, max-age=" + settings.cacheSeconds() : ALWAYS_ASK)
                .header("Cache-Status", "hit")
                .header("X-FirstSignal-Source", "snapshot");
        vary(context);
        if (EntityTags.isNamed(Collections.list(context.req().getHeaders("If-None-Match")), tag)) {
            context.status(304);
            return false;
        }
        byte[] body = SignalJson.answer(key.scope(), snapshot, tag);
        context.status(200).contentType("application/json").result(body);
        return true;
    }

    /** The same path holds something else for another tenant. */
    private static void vary(Context context) {
        context.header("Vary", "X-Tenant-Id, X-Scope-OrgID, Authorization");
    }

    private void stream(WatchKey.Scope scope, Context context) throws IOException {
        WatchKey key = key(scope, context);
        try (SignalSubscription subscription = hub.subscribe(key)) {
            SignalStream stream = new SignalStream(settings, subscription, context, metrics);
            switch (stream.run()) {
                case ENDED -> {}
                case UNKNOWN -> throw notFound(key);
                case STOPPING -> {
                    context.header("Retry-After", RETRY_SECONDS);
                    throw new ServiceUnavailableResponse(
                            "this process is stopping; ask again, another one will answer");
                }
            }
        } catch (TooManyStreamsException e) {
            context.header("Retry-After", RETRY_SECONDS);
            throw new ServiceUnavailableResponse(String.valueOf(e.getMessage()));
        }
    }
}
