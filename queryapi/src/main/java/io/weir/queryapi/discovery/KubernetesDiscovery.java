package io.weir.queryapi.discovery;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The ready pods of a service, from its EndpointSlices: listed once, then watched; listed again when the watch has missed
 * something, connected again with back-off when it breaks. Needs get, list and watch on endpointslices, and nothing else.
 */
final class KubernetesDiscovery implements WorkerDiscovery {
    /*
     * Implementation notes. The informer's threads only say that something changed; one thread reads its store and tells
     * the listener. Changes within a moment are told together: a roll-out touches a slice once per pod and family.
     *
     * The informer connects a broken watch again from the version it has seen. If the server refuses that version with
     * status 410 instead of an event, it goes on asking for it (seen with 7.8.0); so an informer whose watch stays down is
     * replaced by a new one, which lists first.
     */
    private static final String SERVICE_LABEL = "kubernetes.io/service-name";

    private static final long SETTLE_MILLIS = 20;
    private static final int CAUSES_MAX = 10;
    /** Looks at a watch that is down, before it is begun anew. */
    private static final int DOWN_MAX = 3;

    private final KubernetesClient client;
    private final DiscoverySettings settings;
    private final DiscoveryReport report;
    private final EndpointChoice choice;
    private final String namespace;
    private final String service;
    private volatile SharedIndexInformer<EndpointSlice> informer;
    private final ScheduledThreadPoolExecutor timer = DiscoveryThread.start("kubernetes");
    private final AtomicBoolean changed = new AtomicBoolean();
    private int downInARow;
    private volatile boolean closed;

    /** @param client closed with the discovery */
    KubernetesDiscovery(
            KubernetesTarget target, KubernetesClient client, DiscoverySettings settings, DiscoveryReport report) {
        this.client = client;
        this.settings = settings;
        this.report = report;
        this.choice = new EndpointChoice(target.port());
        this.namespace = namespace(target, client.getNamespace());
        this.service = target.service();
        this.informer = newInformer();
    }

    private SharedIndexInformer<EndpointSlice> newInformer() {
        return client.discovery()
                .v1()
                .endpointSlices()
                .inNamespace(namespace)
                .withLabel(SERVICE_LABEL, service)
                .runnableInformer(0);
    }

    private static String namespace(KubernetesTarget target, @Nullable String ofServiceAccount) {
        if (!target.namespace().isEmpty()) {
            return target.namespace();
        }
        if (ofServiceAccount == null || ofServiceAccount.isBlank()) {
            throw new IllegalArgumentException(
                    "this process has no Kubernetes namespace of its own; write kubernetes:namespace/"
                            + target.service() + ":" + target.port());
        }
        return ofServiceAccount;
    }

    /** A client as the environment says: the service account in a pod, else the user's configuration. */
    static KubernetesClient connect(DiscoverySettings settings) {
        int timeoutMillis = Math.toIntExact(settings.requestMillisMax());
        Config config = new ConfigBuilder(Config.autoConfigure(null))
                .withRequestTimeout(timeoutMillis)
                .withConnectionTimeout(timeoutMillis)
                .withRequestRetryBackoffLimit(1)
                .withRequestRetryBackoffInterval(Math.toIntExact(settings.retryMillisMin()))
                .withWatchReconnectInterval(Math.toIntExact(settings.retryMillisMin()))
                .withWatchReconnectLimit(-1)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    @Override
    public void start(Listener listener) {
        run(() -> inform(listener), 0);
        run(() -> check(listener), settings.refreshMillis());
    }

    private void inform(Listener listener) {
        informer.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onNothing() {
                changed(listener);
            }

            @Override
            public void onAdd(EndpointSlice slice) {
                changed(listener);
            }

            @Override
            public void onUpdate(EndpointSlice before, EndpointSlice after) {
                changed(listener);
            }

            @Override
            public void onDelete(EndpointSlice slice, boolean finalStateUnknown) {
                changed(listener);
            }
        });
        informer.exceptionHandler((started, failure) -> {
            run(() -> report.failed(reason(failure)), 0);
            return !closed;
        });
        informer.start();
    }

    private void changed(Listener listener) {
        if (changed.compareAndSet(false, true)) {
            run(() -> tell(listener), SETTLE_MILLIS);
        }
    }

    private void tell(Listener listener) {
        changed.set(false);
        if (informer.hasSynced()) {
            Set<WorkerAddress> found = choice.choose(informer.getStore().list());
            report.found(found, listener);
        } else {
            // In the middle of the first list: what is known so far would look like pods that are gone.
            changed(listener);
        }
    }

    /** A watch that says nothing is either quiet or broken; one that is not up twice in a row is broken, not starting. */
    private void check(Listener listener) {
        if (informer.isWatching()) {
            downInARow = 0;
            report.alive();
            changed(listener);
        } else {
            downInARow++;
            if (downInARow > 1) {
                report.failed("the watch on EndpointSlices is not connected");
            }
            if (downInARow % DOWN_MAX == 0) {
                informer.stop();
                informer = newInformer();
                inform(listener);
            }
        }
        run(() -> check(listener), settings.refreshMillis());
    }

    private void run(Runnable task, long delayMillis) {
        try {
            timer.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ended) {
            // Closed meanwhile; nobody listens any more.
            return;
        }
    }

    private static String reason(Throwable failure) {
        Throwable deepest = failure;
        for (int depth = 0; depth < CAUSES_MAX && deepest.getCause() != null; depth++) {
            deepest = deepest.getCause();
            if (refused(deepest)) {
                break;
            }
        }
        if (refused(deepest)) {
            return "Kubernetes refuses this process' account; it needs get, list and watch on endpointslices";
        }
        String message = deepest.getMessage();
        return "Kubernetes cannot be asked: "
                + (message == null ? deepest.getClass().getSimpleName() : message);
    }

    private static boolean refused(Throwable failure) {
        return failure instanceof KubernetesClientException api && (api.getCode() == 403 || api.getCode() == 401);
    }

    @Override
    public void close() {
        closed = true;
        timer.shutdownNow();
        informer.stop();
        // Ends an informer that was begun at this moment, too.
        client.close();
    }
}
