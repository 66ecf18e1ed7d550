package io.weir.queryapi.http;

import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;

/** A connector that closes a connection when one write to it takes too long. */
final class BoundedWriteConnector extends ServerConnector {
    /*
     * Implementation notes. Jetty's idle timeout starts again with every byte that gets through, so a client that reads a byte now and
     * then would hold a query, its slot and its artifacts for as long as it likes.
     */
    private final long writeMillisMax;

    /** @param writeMillisMax longest time of one write, which is at most one response buffer with its head */
    BoundedWriteConnector(Server server, long writeMillisMax, HttpConnectionFactory factory) {
        super(server, factory);
        this.writeMillisMax = writeMillisMax;
    }

    @Override
    protected SocketChannelEndPoint newEndPoint(SocketChannel channel, ManagedSelector selector, SelectionKey key) {
        SocketChannelEndPoint endPoint = new BoundedEndPoint(channel, selector, key, getScheduler(), writeMillisMax);
        endPoint.setIdleTimeout(getIdleTimeout());
        return endPoint;
    }

    private static final class BoundedEndPoint extends SocketChannelEndPoint {
        private final long writeMillisMax;

        BoundedEndPoint(
                SocketChannel channel,
                ManagedSelector selector,
                SelectionKey key,
                Scheduler scheduler,
                long writeMillisMax) {
            super(channel, selector, key, scheduler);
            this.writeMillisMax = writeMillisMax;
        }

        @Override
        public void write(Callback callback, ByteBuffer... buffers) {
            Scheduler.Task limit = getScheduler()
                    .schedule(
                            () -> close(new TimeoutException("the client did not read within " + writeMillisMax
                                    + " ms (setting http-idle-timeout-millis)")),
                            writeMillisMax,
                            TimeUnit.MILLISECONDS);
            super.write(
                    new Callback.Nested(callback) {
                        @Override
                        public void completed() {
                            boolean ignored = limit.cancel();
                        }
                    },
                    buffers);
        }
    }
}
