package io.weir.cli.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Ports of the loopback interface for processes that are told theirs before they listen.
 *
 * <p>The kernel, asked for any port, may name the same one to the next who asks, since nobody listens on it yet: Linux did after 106 ports on
 * average. So each is given once here, and none that the kernel itself gives.
 */
public final class Ports {
    /** Below are the ports with names, and those that people choose. */
    private static final int FIRST = 10_240;
    /** Where Linux begins to give ports itself, unless it is told otherwise. */
    private static final int KERNEL_FIRST = 32_768;
    /** Fewer would run out. */
    private static final int COUNT_MIN = 1_000;

    private static final Path KERNEL_RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Ports OF_PROCESS = new Ports(FIRST, end(KERNEL_RANGE), new SplittableRandom());

    private final int first;
    private final int count;
    private final int start;
    private final BitSet given = new BitSet();

    /** @param end the first port that is not to be given */
    Ports(int first, int end, RandomGenerator random) {
        this.first = first;
        this.count = end - first;
        // Two processes that choose at the same time are unlikely to begin at the same one.
        this.start = random.nextInt(count);
    }

    /**
     * A port that is free now, and was not given before by this process.
     *
     * @throws IOException if there is none left
     */
    public static int free() throws IOException {
        return OF_PROCESS.next();
    }

    synchronized int next() throws IOException {
        for (int i = given.nextClearBit(0); i < count; i = given.nextClearBit(i)) {
            given.set(i);
            int port = first + (start + i) % count;
            if (isFree(port)) {
                return port;
            }
        }
        throw new IOException("no free port from " + first + " to " + (first + count - 1)
                + ": all are taken, or were given before by this process. Give the ports by hand, or end what"
                + " listens there.");
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }

    /**
     * Where the ports end that the kernel does not give itself.
     *
     * @param range of Linux: the first and the last port that it gives; need not exist
     */
    static int end(Path range) {
        int kernelFirst = KERNEL_FIRST;
        try {
            kernelFirst = Integer.parseInt(Files.readString(range).strip().split("\\s+", 2)[0]);
        } catch (IOException | NumberFormatException unknown) {
            // Another system: most begin at 49152.
        }
        // A kernel that gives nearly all leaves no choice.
        return kernelFirst - FIRST >= COUNT_MIN ? kernelFirst : KERNEL_FIRST;
    }
}
