package io.weir.ingest.scrape;

import io.weir.ingest.load.SampleTable;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CPU, memory, disk and network counters of this machine from {@code /proc}, under the names Prometheus' node exporter gives them.
 * A file that is not there (in some containers) is left out.
 */
public final class ProcStatistics {
    /** Clock ticks per second in /proc/stat: a constant of Linux' user interface. */
    private static final double TICKS_PER_SECOND = 100;

    private static final int SECTOR_BYTES = 512;
    private static final String[] CPU_MODES = {"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
    private static final String[] NETWORK_FIELDS = {"bytes", "packets", "errs", "drop"};

    private final Path proc;
    private final List<Labels> labels = new ArrayList<>();
    private final List<Double> values = new ArrayList<>();
    private final Map<String, String> types = new LinkedHashMap<>();

    /**
     * @param proc the folder, {@code /proc} except in tests
     */
    public ProcStatistics(Path proc) {
        this.proc = proc;
    }

    /**
     * Reads all counters now. Not thread-safe.
     *
     * @param extra labels that every series gets, as job and instance
     */
    public SampleTable collect(long timestampMillis, Map<String, String> extra) throws IOException {
        read();
        SampleTable table = new SampleTable();
        for (int i = 0; i < labels.size(); i++) {
            Map<String, String> all = labels.get(i).toMap();
            all.putAll(extra);
            table.add(Labels.of(all), timestampMillis, values.get(i));
        }
        types.forEach((name, type) -> table.addMetadata(new MetricMetadata(name, type, "", "")));
        return table;
    }

    /** Reads all counters now, as text in the Prometheus format. Not thread-safe. */
    public String text() throws IOException {
        read();
        StringBuilder text = new StringBuilder();
        String last = "";
        for (int i = 0; i < labels.size(); i++) {
            Labels one = labels.get(i);
            String name = one.metricName();
            if (!name.equals(last)) {
                text.append("# TYPE ")
                        .append(name)
                        .append(' ')
                        .append(types.get(name))
                        .append('\n');
                last = name;
            }
            text.append(name);
            Labels rest = one.withoutMetricName();
            for (int j = 0; j < rest.size(); j++) {
                text.append(j == 0 ? '{' : ',').append(rest.name(j)).append("=\"");
                text.append(rest.value(j)
                        .replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n"));
                text.append('"');
            }
            text.append(rest.size() > 0 ? "} " : " ").append(values.get(i)).append('\n');
        }
        return text.toString();
    }

    private void read() throws IOException {
        labels.clear();
        values.clear();
        types.clear();
        readStat();
        readLoad();
        readMemory();
        readDisks();
        readNetwork();
        sortByName();
    }

    /** The text format wants the samples of one metric together. */
    private void sortByName() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < labels.size(); i++) {
            order.add(i);
        }
        order.sort((left, right) ->
                labels.get(left).metricName().compareTo(labels.get(right).metricName()));
        List<Labels> sortedLabels = order.stream().map(labels::get).toList();
        List<Double> sortedValues = order.stream().map(values::get).toList();
        labels.clear();
        labels.addAll(sortedLabels);
        values.clear();
        values.addAll(sortedValues);
    }

    private void add(String type, double value, String name, String... pairs) {
        types.put(name, type);
        Map<String, String> map = new LinkedHashMap<>();
        map.put(Labels.METRIC_NAME, name);
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        labels.add(Labels.of(map));
        values.add(value);
    }

    private List<String> lines(String file) throws IOException {
        try {
            return Files.readAllLines(proc.resolve(file), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private void readStat() throws IOException {
        for (String line : lines("stat")) {
            String[] parts = line.trim().split("\\s+");
            String key = parts[0];
            if (key.matches("cpu[0-9]+")) {
                for (int i = 0; i < CPU_MODES.length && i + 1 < parts.length; i++) {
                    add(
                            "counter",
                            Double.parseDouble(parts[i + 1]) / TICKS_PER_SECOND,
                            "node_cpu_seconds_total",
                            "cpu",
                            key.substring(3),
                            "mode",
                            CPU_MODES[i]);
                }
            } else if (parts.length > 1) {
                switch (key) {
                    case "ctxt" -> add("counter", Double.parseDouble(parts[1]), "node_context_switches_total");
                    case "btime" -> add("gauge", Double.parseDouble(parts[1]), "node_boot_time_seconds");
                    case "processes" -> add("counter", Double.parseDouble(parts[1]), "node_forks_total");
                    case "procs_running" -> add("gauge", Double.parseDouble(parts[1]), "node_procs_running");
                    case "procs_blocked" -> add("gauge", Double.parseDouble(parts[1]), "node_procs_blocked");
                    default -> {}
                }
            }
        }
    }

    private void readLoad() throws IOException {
        for (String line : lines("loadavg")) {
            String[] parts = line.trim().split("\\s+");
            String[] names = {"node_load1", "node_load5", "node_load15"};
            for (int i = 0; i < names.length && i < parts.length; i++) {
                add("gauge", Double.parseDouble(parts[i]), names[i]);
            }
        }
    }

    private void readMemory() throws IOException {
        for (String line : lines("meminfo")) {
            String[] parts = line.trim().split("\\s+");
            if (parts.length < 2 || !parts[0].endsWith(":")) {
                continue;
            }
            String key = parts[0].substring(0, parts[0].length() - 1)
                    .replace("(", "_")
                    .replace(")", "");
            boolean kilobytes = parts.length > 2 && parts[2].equals("kB");
            double value = Double.parseDouble(parts[1]);
            add("gauge", kilobytes ? value * 1024 : value, "node_memory_" + key + (kilobytes ? "_bytes" : ""));
        }
    }

    private void readDisks() throws IOException {
        for (String line : lines("diskstats")) {
            String[] parts = line.trim().split("\\s+");
            if (parts.length < 14 || parts[2].startsWith("ram") || parts[2].startsWith("loop")) {
                continue;
            }
            String device = parts[2];
            disk("node_disk_reads_completed_total", device, parts[3], 1);
            disk("node_disk_read_bytes_total", device, parts[5], SECTOR_BYTES);
            disk("node_disk_read_time_seconds_total", device, parts[6], 0.001);
            disk("node_disk_writes_completed_total", device, parts[7], 1);
            disk("node_disk_written_bytes_total", device, parts[9], SECTOR_BYTES);
            disk("node_disk_write_time_seconds_total", device, parts[10], 0.001);
            disk("node_disk_io_time_seconds_total", device, parts[12], 0.001);
        }
    }

    private void disk(String name, String device, String value, double unit) {
        add("counter", Double.parseDouble(value) * unit, name, "device", device);
    }

    private void readNetwork() throws IOException {
        for (String line : lines("net/dev")) {
            int colon = line.indexOf(':');
            if (colon < 0) {
                continue;
            }
            String device = line.substring(0, colon).trim();
            String[] parts = line.substring(colon + 1).trim().split("\\s+");
            for (int i = 0; i < NETWORK_FIELDS.length && i + 8 < parts.length; i++) {
                network("node_network_receive_" + NETWORK_FIELDS[i] + "_total", device, parts[i]);
                network("node_network_transmit_" + NETWORK_FIELDS[i] + "_total", device, parts[i + 8]);
            }
        }
    }

    private void network(String name, String device, String value) {
        add("counter", Double.parseDouble(value), name, "device", device);
    }
}
