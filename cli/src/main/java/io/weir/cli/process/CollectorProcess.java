package io.weir.cli.process;

import io.weir.collector.CollectorSettings;
import io.weir.collector.server.CollectorServer;
import io.weir.proto.shutdown.BoundedClose;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;

/** A collector and its metrics, started and stopped together. */
public final class CollectorProcess {
    private final BoundedClose parts = new BoundedClose();
    private final CollectorServer server;

    private CollectorProcess(Meters meters, CollectorServer server, long closeMillisMax) {
        parts.add(meters);
        this.server = parts.add(server, closeMillisMax);
    }

    public static CollectorProcess start(
            CollectorSettings settings, CollectorServer.RequestLimits limits, CollectorServer.Address address)
            throws IOException {
        Meters meters = new Meters();
        try {
            // Nobody outside may foresee which series collide in a table.
            CollectorServer server = CollectorServer.start(
                    settings,
                    limits,
                    address,
                    meters.registry(),
                    InstantSource.system(),
                    new SecureRandom().nextLong());
            return new CollectorProcess(meters, server, settings.closeMillisMax());
        } catch (IOException | RuntimeException e) {
            meters.close();
            throw e;
        }
    }

    public int httpPort() {
        return server.httpPort();
    }

    public int grpcPort() {
        return server.grpcPort();
    }

    /**
     * Takes no requests any more and ends.
     *
     * @param partMillisMax longest close of one part, beside the time for running requests; one that hangs is left behind
     * @return whether every part ended in order
     */
    public boolean close(long partMillisMax) {
        return parts.close(partMillisMax);
    }
}
