package io.weir.ingest.scrape;

import io.weir.ingest.openmetrics.MetricType;
import io.weir.ingest.openmetrics.TextFormatListener;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * CPU, memory, load, disk and network counters of this machine from /proc, under the names node_exporter 1.9 gives them.
 *
 * <p>Layouts: proc(5). A file that is missing or unreadable (containers, other systems) means its families are absent; that is logged
 * once per file.
 */
public final class ProcStatistics implements ScrapeSource {
    private static final Logger LOG = LoggerFactory.getLogger(ProcStatistics.class);

    /** Ticks per second of the kernel's user interface, on Linux always 100. */
    private static final double USER_HZ = 100;

    private static final double SECTOR_BYTES = 512;
    private static final int FILE_BYTES_MAX = 4 * 1024 * 1024;
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final List<String> CPU_MODES =
            List.of("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal");
    private static final Set<String> MEMORY_FIELDS = Set.of("MemTotal", "MemAvailable", "MemFree", "Cached", "Buffers");

    /** Partitions and memory devices, which node_exporter leaves out too. */
    private static final Pattern IGNORED_DEVICES =
            Pattern.compile("(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+");

    private final Path procRoot;
    private final String job;
    private final String instance;
    private final Set<String> absentLogged = new HashSet<>();

    /**
     * Statistics of the machine whose /proc is at a path.
     *
     * @param instance value of the label "instance", such as the host's name
     */
    public ProcStatistics(Path procRoot, String job, String instance) {
        if (job.isEmpty() || instance.isEmpty()) {
            throw new IllegalArgumentException("job and instance of machine statistics must not be empty");
        }
        this.procRoot = procRoot;
        this.job = job;
        this.instance = instance;
    }

    /** Statistics of this machine as job "node". */
    public static ProcStatistics ofThisMachine(String instance) {
        return new ProcStatistics(Path.of("/proc"), "node", instance);
    }

    @Override
    public String job() {
        return job;
    }

    @Override
    public String instance() {
        return instance;
    }

    @Override
    public void collect(TextFormatListener listener) throws IOException {
        read("stat", lines -> processor(lines, listener));
        read("meminfo", lines -> memory(lines, listener));
        read("loadavg", lines -> load(lines, listener));
        read("diskstats", lines -> disks(lines, listener));
        read("net/dev", lines -> network(lines, listener));
    }

    private void read(String file, Section section) throws IOException {
        String text;
        try (InputStream in = Files.newInputStream(procRoot.resolve(file))) {
            text = new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8);
        } catch (IOException e) {
            logAbsent(file, e.toString());
            return;
        }
        List<String[]> lines = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            if (!line.isBlank()) {
                lines.add(BLANKS.split(line.strip()));
            }
        }
        try {
            section.read(lines);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            logAbsent(file, "it is not laid out as expected (" + e.getMessage() + ")");
        }
    }

    private void logAbsent(String file, String reason) {
        if (absentLogged.add(file)) {
            LOG.info("no machine statistics from {}: {}", procRoot.resolve(file), reason);
        }
    }

    private static void processor(List<String[]> lines, TextFormatListener listener) throws IOException {
        Family seconds =
                new Family("node_cpu_seconds_total", MetricType.COUNTER, "Seconds the CPUs spent in each mode.");
        Family boot = new Family("node_boot_time_seconds", MetricType.GAUGE, "Unix time of the last boot.");
        for (String[] fields : lines) {
            if (fields[0].startsWith("cpu") && fields[0].length() > 3) {
                String cpu = fields[0].substring(3);
                for (int i = 0; i < CPU_MODES.size() && i + 1 < fields.length; i++) {
                    seconds.add(number(fields[i + 1]) / USER_HZ, "cpu", cpu, "mode", CPU_MODES.get(i));
                }
            } else if (fields[0].equals("btime")) {
                boot.add(number(fields[1]));
            }
        }
        seconds.giveTo(listener);
        boot.giveTo(listener);
    }

    private static void memory(List<String[]> lines, TextFormatListener listener) throws IOException {
        for (String[] fields : lines) {
            String name = fields[0].substring(0, Math.max(0, fields[0].length() - 1));
            if (MEMORY_FIELDS.contains(name)) {
                Family family = new Family(
                        "node_memory_" + name + "_bytes", MetricType.GAUGE, "Memory information field " + name + ".");
                family.add(number(fields[1]) * 1_024);
                family.giveTo(listener);
            }
        }
    }

    private static void load(List<String[]> lines, TextFormatListener listener) throws IOException {
        String[] fields = lines.isEmpty() ? new String[0] : lines.getFirst();
        List<String> minutes = List.of("1", "5", "15");
        List<Family> families = new ArrayList<>();
        for (int i = 0; i < minutes.size(); i++) {
            Family family =
                    new Family("node_load" + minutes.get(i), MetricType.GAUGE, minutes.get(i) + "m load average.");
            family.add(number(fields[i]));
            families.add(family);
        }
        for (Family family : families) {
            family.giveTo(listener);
        }
    }

    private static void disks(List<String[]> lines, TextFormatListener listener) throws IOException {
        Family read = new Family("node_disk_read_bytes_total", MetricType.COUNTER, "Bytes read from the device.");
        Family written =
                new Family("node_disk_written_bytes_total", MetricType.COUNTER, "Bytes written to the device.");
        Family busy = new Family(
                "node_disk_io_time_seconds_total", MetricType.COUNTER, "Seconds the device spent doing I/O.");
        for (String[] fields : lines) {
            String device = fields[2];
            if (!IGNORED_DEVICES.matcher(device).matches()) {
                read.add(number(fields[5]) * SECTOR_BYTES, "device", device);
                written.add(number(fields[9]) * SECTOR_BYTES, "device", device);
                busy.add(number(fields[12]) / 1_000, "device", device);
            }
        }
        read.giveTo(listener);
        written.giveTo(listener);
        busy.giveTo(listener);
    }

    private static void network(List<String[]> lines, TextFormatListener listener) throws IOException {
        Family received = new Family(
                "node_network_receive_bytes_total", MetricType.COUNTER, "Bytes received by the network device.");
        Family sent = new Family(
                "node_network_transmit_bytes_total", MetricType.COUNTER, "Bytes sent by the network device.");
        for (String[] fields : lines) {
            // A large counter may follow the colon without a blank; the two heading lines have bars instead of numbers.
            String line = String.join(" ", fields);
            int colon = line.lastIndexOf(':');
            if (colon < 0) {
                continue;
            }
            String device = line.substring(0, colon);
            String[] counters = BLANKS.split(line.substring(colon + 1).strip());
            received.add(number(counters[0]), "device", device);
            sent.add(number(counters[8]), "device", device);
        }
        received.giveTo(listener);
        sent.giveTo(listener);
    }

    private static double number(String text) {
        return Double.parseDouble(text);
    }

    /** Reads a file's lines, each split at blanks; nothing is given out before all of it was understood. */
    @FunctionalInterface
    private interface Section {
        void read(List<String[]> lines) throws IOException;
    }

    /** The samples of one family. */
    private static final class Family {
        private final String name;
        private final MetricType type;
        private final String help;
        private final List<Map.Entry<Labels, Double>> samples = new ArrayList<>();

        Family(String name, MetricType type, String help) {
            this.name = name;
            this.type = type;
            this.help = help;
        }

        void add(double value, String... namesAndValues) {
            samples.add(Map.entry(Labels.of(namesAndValues).with(Labels.METRIC_NAME, name), value));
        }

        void giveTo(TextFormatListener listener) throws IOException {
            if (samples.isEmpty()) {
                return;
            }
            listener.onHelp(name, help);
            listener.onType(name, type);
            for (Map.Entry<Labels, Double> sample : samples) {
                listener.onSample(sample.getKey(), sample.getValue(), TextFormatListener.NO_TIMESTAMP, 0);
            }
        }
    }
}
