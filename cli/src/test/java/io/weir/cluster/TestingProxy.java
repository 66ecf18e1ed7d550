package io.weir.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A TCP proxy on the loopback interface that behaves like a bad network: it can hold back each direction (what is sent meanwhile arrives
 * later, as TCP retransmits after packets were lost), leave the present connections dead for ever, break them, refuse new ones, delay
 * every piece and limit the bytes per second.
 */
public final class TestingProxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 16_384;

    /** Which way bytes go. */
    enum Direction {
        /** From the side that connects to the side that listens. */
        TO_SERVER,
        /** From the side that listens to the side that connects. */
        TO_CLIENT
    }

    private final int target;
    private final int port;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Gate toServer = new Gate();
    private final Gate toClient = new Gate();
    private final AtomicLong accepted = new AtomicLong();
    private volatile ServerSocket listener;
    private volatile boolean closed;

    /** What is done to one direction; {@code held} is guarded by the proxy's lock. */
    private static final class Gate {
        boolean held;
        volatile long delayMillis;
        volatile long bytesPerSecond;
        final AtomicLong bytes = new AtomicLong();
    }

    /** @param target port of the loopback interface that bytes are forwarded to, whether somebody listens there now or not */
    public TestingProxy(int target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        this.port = listener.getLocalPort();
        listen(listener);
    }

    public int port() {
        return port;
    }

    /** Connections accepted since the start. */
    long accepted() {
        return accepted.get();
    }

    /** Connections that are up. */
    int open() {
        return connections.size();
    }

    /** Bytes that have passed this way since the start. */
    long bytes(Direction direction) {
        return gate(direction).bytes.get();
    }

    private Gate gate(Direction direction) {
        return switch (direction) {
            case TO_SERVER -> toServer;
            case TO_CLIENT -> toClient;
        };
    }

    private void listen(ServerSocket server) {
        Thread.ofVirtual().name("proxy-" + port).start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket client = server.accept();
                    accepted.incrementAndGet();
                    new Connection(client).start();
                } catch (IOException over) {
                    // Stopped: the loop's condition tells.
                    continue;
                }
            }
        });
    }

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Nothing passes this way any more, neither bytes nor the end of a connection, until {@link #release}. */
    void hold(Direction direction) {
        change(() -> gate(direction).held = true);
    }

    /** Nothing passes in either direction. */
    void hold() {
        hold(Direction.TO_SERVER);
        hold(Direction.TO_CLIENT);
    }

    /** Everything passes again, what was held back first. */
    void release() {
        change(() -> {
            toServer.held = false;
            toClient.held = false;
        });
    }

    /** The present connections stay open and nothing passes on them ever again; new ones work. */
    void abandon() {
        change(() -> connections.forEach(connection -> connection.abandoned = true));
    }

    /** Every piece of up to 16 KiB waits so long. */
    void delay(Direction direction, long millis) {
        change(() -> gate(direction).delayMillis = millis);
    }

    /** @param bytesPerSecond of each connection; 0 for no limit */
    void throttle(Direction direction, long bytesPerSecond) {
        change(() -> gate(direction).bytesPerSecond = bytesPerSecond);
    }

    /** Ends all connections with a reset; new ones work. */
    void breakConnections() {
        connections.forEach(Connection::reset);
    }

    /** Ends all connections and refuses new ones until {@link #restart}. */
    public void stop() throws IOException {
        listener.close();
        breakConnections();
    }

    /** Listens again, on the same port. */
    public void restart() throws IOException {
        ServerSocket again = new ServerSocket();
        again.setReuseAddress(true);
        again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
        listener = again;
        listen(again);
    }

    @Override
    public void close() throws IOException {
        closed = true;
        stop();
        change(() -> {});
    }

    /** A client's connection and the one to the target that belongs to it. */
    private final class Connection {
        private final Socket client;
        private final Socket server = new Socket();
        volatile boolean abandoned;
        private final AtomicInteger halvesOver = new AtomicInteger();
        private volatile boolean over;

        Connection(Socket client) {
            this.client = client;
        }

        void start() {
            connections.add(this);
            Thread.ofVirtual().name("proxy-" + port + "-connect").start(() -> {
                try {
                    // Nothing reaches the target while the way there is held, not even the connection.
                    if (!pass(toServer)) {
                        return;
                    }
                    client.setTcpNoDelay(true);
                    server.setTcpNoDelay(true);
                    server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 5_000);
                } catch (IOException unreachable) {
                    reset();
                    return;
                }
                Thread.ofVirtual().name("proxy-" + port + "-up").start(() -> pump(client, server, toServer));
                Thread.ofVirtual().name("proxy-" + port + "-down").start(() -> pump(server, client, toClient));
            });
        }

        private void pump(Socket from, Socket to, Gate gate) {
            byte[] buffer = new byte[BUFFER_BYTES];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    if (!pass(gate)) {
                        return;
                    }
                    slowDown(gate, read);
                    out.write(buffer, 0, read);
                    gate.bytes.addAndGet(read);
                }
                if (pass(gate)) {
                    to.shutdownOutput();
                }
                if (halvesOver.incrementAndGet() == 2) {
                    end();
                }
            } catch (IOException broken) {
                // A break is carried to the other side as everything else is: not while the way is held.
                if (pass(gate)) {
                    reset();
                }
            }
        }

        private void slowDown(Gate gate, int bytes) {
            long millis = gate.delayMillis;
            if (gate.bytesPerSecond > 0) {
                millis += bytes * 1_000L / gate.bytesPerSecond;
            }
            if (millis > 0) {
                try {
                    Thread.sleep(millis);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        /** Waits while the way is held; false when the connection is over. */
        private boolean pass(Gate gate) {
            lock.lock();
            try {
                while ((gate.held || abandoned) && !over && !closed) {
                    changed.awaitUninterruptibly();
                }
                return !over && !closed;
            } finally {
                lock.unlock();
            }
        }

        /** An end as from a dead machine's successor: both sides see a reset. */
        void reset() {
            linger(client);
            linger(server);
            end();
        }

        private void linger(Socket socket) {
            try {
                socket.setSoLinger(true, 0);
            } catch (IOException alreadyOver) {
                over = true;
            }
        }

        private void end() {
            change(() -> over = true);
            connections.remove(this);
            for (Socket socket : List.of(client, server)) {
                try {
                    socket.close();
                } catch (IOException alreadyOver) {
                    over = true;
                }
            }
        }
    }
}
