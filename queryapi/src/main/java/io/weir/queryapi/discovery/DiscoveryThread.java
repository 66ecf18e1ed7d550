package io.weir.queryapi.discovery;

import java.util.concurrent.ScheduledThreadPoolExecutor;

/** The one thread of a discovery. Its tasks schedule each other, so at most a few ever wait. */
final class DiscoveryThread {
    private DiscoveryThread() {}

    static ScheduledThreadPoolExecutor start(String kind) {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
                1,
                task -> Thread.ofPlatform()
                        .name("weir-discovery-" + kind)
                        .daemon(true)
                        .unstarted(task));
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }
}
