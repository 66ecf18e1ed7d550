package io.weir.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the hypervisor took of this machine's processors for others ("steal" in proc(5)), in clock ticks since the start of the machine. While it takes
 * much, the tail of any latency is its own.
 */
record StolenTime(long stolenTicks, long allTicks) {
    private static final Path STATISTICS = Path.of("/proc/stat");
    /** Of the numbers in the first line: user, nice, system, idle, iowait, irq, softirq, steal; guests' are in user's already. */
    private static final int STOLEN = 8;

    /** Now; nothing is known to be stolen where the kernel does not tell. */
    static StolenTime now() throws IOException {
        if (!Files.isReadable(STATISTICS)) {
            return new StolenTime(0, 0);
        }
        String[] fields = Files.readAllLines(STATISTICS).getFirst().split("\\s+");
        long all = 0;
        for (int i = 1; i <= STOLEN; i++) {
            all += Long.parseLong(fields[i]);
        }
        return new StolenTime(Long.parseLong(fields[STOLEN]), all);
    }

    /** The share of all processors' time that was stolen since then, 0 to 1. */
    double shareSince(StolenTime before) {
        long all = allTicks - before.allTicks;
        return all <= 0 ? 0 : (double) (stolenTicks - before.stolenTicks) / all;
    }
}
