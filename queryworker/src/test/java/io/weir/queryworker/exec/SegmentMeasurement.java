package io.weir.queryworker.exec;

import io.weir.lake.codec.BlockDecoder;
import io.weir.lake.codec.EncodedBlock;
import io.weir.lake.segment.BlockReader;
import io.weir.lake.segment.EncodedBlockRow;
import io.weir.lake.segment.MappedBlocks;
import io.weir.lake.segment.ParquetBlockReader;
import io.weir.lake.segment.ParquetSeriesIndex;
import io.weir.lake.segment.SegmentFiles;
import io.weir.lake.segment.SegmentOrder;
import io.weir.lake.segment.SegmentSettings;
import io.weir.lake.segment.SegmentWriter;
import io.weir.lake.segment.WrittenSegment;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Measures the segment format on generated data: bytes per sample, write and decode rates, scans and lookups by each reader. A
 * program to be run by hand; its numbers go to docs/decisions/0002-segment-format.md.
 */
public final class SegmentMeasurement {
    private static final long DAY = 1_700_006_400_000L;
    private static final int SAMPLES = 5_760;
    private static final int RUNS = 15;

    private SegmentMeasurement() {}

    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createTempDirectory("weir-measurement");
        try (DuckDbPool pool = DuckDbPool.open(DuckDbSettings.of(folder.resolve("temp")))) {
            for (String family : List.of("cpu", "requests", "load", "memory", "up", "jitter", "third")) {
                measure(folder, family, 400, pool);
            }
            measure(folder, "all", 4_000, pool);
            index(folder);
        }
    }

    private static double value(String family, Random random, double before, int i) {
        return switch (family) {
            case "requests" -> before + random.nextInt(40);
            case "load" -> Math.rint((1 + random.nextGaussian() * 0.2) * 100) / 100;
            case "memory" -> 4096.0 * (1_000_000 + random.nextInt(50_000));
            case "up" -> 1;
            case "third" -> before + random.nextInt(15_000) / 3000.0;
            case "jitter", "cpu" -> Math.rint(before * 1000 + random.nextInt(15_000)) / 1000;
            default -> throw new IllegalArgumentException(family);
        };
    }

    private static WrittenSegment write(Path folder, String family, int seriesCount) throws IOException {
        Random random = new Random(1);
        List<Labels> all = new ArrayList<>();
        for (int i = 0; i < seriesCount; i++) {
            all.add(Labels.of(
                    Labels.METRIC_NAME, "metric_" + i % 10, "instance", "host-" + i / 8 + ":9100", "cpu", "" + i % 8));
        }
        SampleBuffer buffer = new SampleBuffer(SAMPLES);
        SegmentFiles files = new SegmentFiles(
                folder.resolve(family + ".blocks.parquet"), folder.resolve(family + ".series.parquet"));
        String[] mix = {"cpu", "cpu", "cpu", "requests", "requests", "load", "up"};
        try (SegmentWriter writer = SegmentWriter.create(files, SegmentSettings.DEFAULT)) {
            for (Labels labels : SegmentOrder.sorted(all)) {
                buffer.clear();
                double value = random.nextInt(100_000);
                String own = family.equals("all") ? mix[random.nextInt(mix.length)] : family;
                for (int i = 0; i < SAMPLES; i++) {
                    value = value(own, random, value, i);
                    long jitter = own.equals("jitter") ? random.nextInt(5) - 2 : 0;
                    buffer.add(DAY + 5_000 + i * 15_000L - 5_000 + Math.max(0, jitter), value);
                }
                writer.add(labels, buffer);
            }
            return writer.finish();
        }
    }

    private static void measure(Path folder, String family, int seriesCount, DuckDbPool pool) throws IOException {
        long start = System.nanoTime();
        WrittenSegment segment = write(folder, family, seriesCount);
        double writeMillis = (System.nanoTime() - start) / 1e6;
        Path blocks = segment.files().blocks();
        long samples = segment.sampleCount();
        List<EncodedBlock> held = new ArrayList<>();
        new ParquetBlockReader(blocks, family)
                .scan(0, Integer.MAX_VALUE, null, Long.MIN_VALUE, Long.MAX_VALUE, row -> held.add(copy(row)));
        double decode = fastest(() -> decode(held));
        System.out.printf(
                Locale.ROOT,
                "%-9s %,11d samples %.3f B/sample (bits %.3f) write+generate %.0f ms, decode %.0f M/s%n",
                family,
                samples,
                segment.blocksSizeBytes() / (double) samples,
                held.stream().mapToLong(block -> block.length).sum() / (double) samples,
                writeMillis,
                samples / decode / 1e3);
        report(
                "  parquet-java scan+decode",
                samples,
                () -> scan(new ParquetBlockReader(blocks, family), 0, seriesCount));
        report("  DuckDB scan+decode", samples, () -> scan(pool.open(blocks, family), 0, seriesCount));
        report("  DuckDB scan only", samples, () -> scanOnly(pool.open(blocks, family), 0, seriesCount));
        report("  DuckDB scan+decode, 2 threads", samples, () -> twoThreads(pool, blocks, family, seriesCount));
        report("  DuckDB one series", SAMPLES, () -> scan(pool.open(blocks, family), 123, 124));
        MappedBlocks mapped = MappedBlocks.load(blocks, family);
        report(
                "  mapped load headers",
                samples,
                () -> MappedBlocks.load(blocks, family).sizeBytes());
        report("  mapped scan+decode", samples, () -> scan(mapped.open(), 0, seriesCount));
        report("  mapped one series", SAMPLES, () -> scan(mapped.open(), 123, 124));
        report("  parquet-java one series", SAMPLES, () -> scan(new ParquetBlockReader(blocks, family), 123, 124));
    }

    private static EncodedBlock copy(io.weir.lake.segment.BlockRow row) {
        EncodedBlock source = ((EncodedBlockRow) row).block();
        EncodedBlock block = new EncodedBlock();
        block.copyHeader(source);
        block.data = Arrays.copyOfRange(source.data, source.offset, source.offset + source.length);
        block.length = source.length;
        return block;
    }

    private static long decode(List<EncodedBlock> blocks) {
        BlockDecoder decoder = new BlockDecoder();
        SampleBuffer buffer = new SampleBuffer(SAMPLES);
        long total = 0;
        for (EncodedBlock block : blocks) {
            if (buffer.size() + block.n > SAMPLES) {
                buffer.clear();
            }
            decoder.decode(block, buffer);
            total += buffer.size();
        }
        return total;
    }

    private static long scan(BlockReader reader, int from, int to) {
        SampleBuffer buffer = new SampleBuffer(SAMPLES);
        long[] total = new long[1];
        reader.scan(from, to, null, Long.MIN_VALUE, Long.MAX_VALUE, row -> {
            if (buffer.size() + row.sampleCount() > SAMPLES) {
                buffer.clear();
            }
            row.decode(buffer);
            total[0] += row.sampleCount();
        });
        return total[0];
    }

    private static long scanOnly(BlockReader reader, int from, int to) {
        long[] total = new long[1];
        reader.scan(from, to, null, Long.MIN_VALUE, Long.MAX_VALUE, row -> total[0] += row.sampleCount());
        return total[0];
    }

    private static long twoThreads(DuckDbPool pool, Path blocks, String family, int seriesCount) {
        Thread second = new Thread(() -> scan(pool.open(blocks, family), seriesCount / 2, seriesCount));
        second.start();
        long first = scan(pool.open(blocks, family), 0, seriesCount / 2);
        try {
            second.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return first;
    }

    private static void report(String what, long samples, Supplier<Long> work) {
        double millis = fastest(work);
        System.out.printf(Locale.ROOT, "%-32s %8.2f ms, %5.0f M samples/s%n", what, millis, samples / millis / 1e3);
    }

    private static double fastest(Supplier<Long> work) {
        double[] millis = new double[RUNS];
        for (int i = -5; i < RUNS; i++) {
            long start = System.nanoTime();
            if (work.get() < 0) {
                throw new IllegalStateException("nothing read");
            }
            if (i >= 0) {
                millis[i] = (System.nanoTime() - start) / 1e6;
            }
        }
        Arrays.sort(millis);
        return millis[0];
    }

    private static void index(Path folder) throws IOException {
        List<Labels> all = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            all.add(Labels.of(
                    Labels.METRIC_NAME,
                    "metric_" + i % 50,
                    "instance",
                    "host-" + i / 100 + ":9100",
                    "job",
                    "node",
                    "cluster",
                    "c" + i % 3,
                    "mode",
                    "mode" + i % 8,
                    "cpu",
                    "" + i));
        }
        SegmentFiles files = new SegmentFiles(folder.resolve("i.blocks.parquet"), folder.resolve("i.series.parquet"));
        SampleBuffer one = new SampleBuffer(1);
        one.add(DAY, 1);
        try (SegmentWriter writer = SegmentWriter.create(files, SegmentSettings.DEFAULT)) {
            for (Labels labels : SegmentOrder.sorted(all)) {
                writer.add(labels, one);
            }
            writer.finish();
        }
        report("load index of 100k series", 100_000, () ->
                (long) ParquetSeriesIndex.load(files.series(), "i").size());
        ParquetSeriesIndex index = ParquetSeriesIndex.load(files.series(), "i");
        List<LabelMatcher> matchers = List.of(
                LabelMatcher.of(LabelMatcher.Type.REGEX, "instance", "host-1.*"),
                LabelMatcher.of(LabelMatcher.Type.NOT_EQUAL, "mode", "mode1"));
        report("select 2 matchers, all metrics", 100_000, () -> {
            BitSet selected = index.select(matchers, 0, 64);
            return (long) selected.cardinality();
        });
        System.out.printf(
                Locale.ROOT,
                "series file %.1f MB, index %.1f MB%n",
                Files.size(files.series()) / 1e6,
                index.sizeBytes() / 1e6);
    }
}
