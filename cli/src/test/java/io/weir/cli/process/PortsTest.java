package io.weir.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nobody is given the port of another. */
class PortsTest {
    private static final Path KERNEL_RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");

    @Test
    void noPortIsGivenTwiceThoughNobodyListensOnTheFirst() throws IOException {
        Set<Integer> given = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            int port = Ports.free();
            assertThat(given.add(port)).as("port %d the first time", port).isTrue();
            assertThat(port).isBetween(10_240, Ports.end(KERNEL_RANGE) - 1);
        }
    }

    @Test
    void aTakenPortIsNotGivenAndTheEndIsAnError() throws IOException {
        int first = threeFree();
        try (ServerSocket taken = new ServerSocket(first + 1, 1, InetAddress.getLoopbackAddress())) {
            Ports three = new Ports(first, first + 3, new SplittableRandom(1));
            assertThat(taken.isBound()).isTrue();
            assertThat(Set.of(three.next(), three.next())).containsExactlyInAnyOrder(first, first + 2);
            assertThatThrownBy(three::next)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("from " + first + " to " + (first + 2));
        }
    }

    /** The first of three free ports in a row. */
    private static int threeFree() throws IOException {
        int last = Ports.free();
        for (int row = 1; row < 3; ) {
            int next = Ports.free();
            row = next == last + 1 ? row + 1 : 1;
            last = next;
        }
        return last - 2;
    }

    @Test
    void portsEndWhereTheKernelsBegin(@TempDir Path folder) throws IOException {
        assertThat(Ports.end(Files.writeString(folder.resolve("usual"), "32768\t60999\n")))
                .isEqualTo(32_768);
        assertThat(Ports.end(Files.writeString(folder.resolve("early"), "20000\t60999\n")))
                .isEqualTo(20_000);
        assertThat(Ports.end(Files.writeString(folder.resolve("all"), "1024\t65535\n")))
                .isEqualTo(32_768);
        assertThat(Ports.end(Files.writeString(folder.resolve("broken"), "\n"))).isEqualTo(32_768);
        assertThat(Ports.end(folder.resolve("absent"))).isEqualTo(32_768);
    }
}
