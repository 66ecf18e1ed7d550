package io.weir.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What a running process says about itself, and what Linux says about it. */
final class TestingVitals {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final Duration AWAIT_MAX = Duration.ofSeconds(60);

    private final TestingProcess process;
    private final URI base;

    TestingVitals(TestingProcess process, URI base) {
        this.process = process;
        this.base = base;
    }

    /** Sum of a metric over its labels; 0 if it is not there yet. */
    double metric(String name) throws IOException, InterruptedException {
        double sum = 0;
        for (String line : metrics().split("\n", -1)) {
            if (line.startsWith(name) && (line.charAt(name.length()) == ' ' || line.charAt(name.length()) == '{')) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    String metrics() throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(base.resolve("/metrics"))
                .timeout(Duration.ofSeconds(30))
                .build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException("/metrics answered " + response.statusCode());
        }
        return response.body();
    }

    private Path proc() {
        return Path.of("/proc", "" + process.process().pid());
    }

    /** Threads, the virtual ones' carriers included. */
    int threads() throws IOException {
        try (Stream<Path> tasks = Files.list(proc().resolve("task"))) {
            return (int) tasks.count();
        }
    }

    int descriptors() throws IOException {
        try (Stream<Path> open = Files.list(proc().resolve("fd"))) {
            return (int) open.count();
        }
    }

    int sockets() throws IOException {
        try (Stream<Path> open = Files.list(proc().resolve("fd"))) {
            return (int) open.filter(TestingVitals::isSocket).count();
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException closed) {
            return false;
        }
    }

    /** Most resident memory the process ever had. */
    long residentBytesMax() throws IOException {
        return status("VmHWM:") * 1_024;
    }

    long residentBytes() throws IOException {
        return status("VmRSS:") * 1_024;
    }

    private long status(String field) throws IOException {
        for (String line : Files.readAllLines(proc().resolve("status"))) {
            if (line.startsWith(field)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no " + field + " of process " + process.process().pid());
    }

    /** Bytes in use on the Java heap after a full collection. */
    long heapBytesAfterCollection() throws IOException, InterruptedException {
        // The second pass takes what reference handlers let go after the first.
        jcmd("GC.run");
        jcmd("GC.run");
        return heapBytes();
    }

    /** Bytes in use on the Java heap now, garbage included. */
    long heapBytes() throws IOException, InterruptedException {
        double used = 0;
        for (String line : metrics().split("\n", -1)) {
            if (line.startsWith("jvm_memory_used_bytes{area=\"heap\"")) {
                used += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return (long) used;
    }

    private void jcmd(String command) throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        "-J-XX:TieredStopAtLevel=1",
                        "" + process.process().pid(),
                        command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!jcmd.waitFor(30, TimeUnit.SECONDS) || jcmd.exitValue() != 0) {
            jcmd.destroyForcibly();
            throw new IOException("jcmd " + command + " failed");
        }
    }

    /** Bytes of all files below a folder; what vanishes meanwhile counts nothing. */
    static long bytesBelow(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Files.exists(folder) ? size(folder) : 0;
        }
        long bytes = 0;
        try (Stream<Path> children = Files.list(folder)) {
            for (Path child : (Iterable<Path>) children::iterator) {
                bytes += bytesBelow(child);
            }
        } catch (NoSuchFileException | UncheckedIOException vanished) {
            return bytes;
        }
        return bytes;
    }

    private static long size(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException vanished) {
            return 0;
        }
    }

    /** Names of all files below a folder. */
    static List<String> filesBelow(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    /** Waits until something holds, at most a minute. */
    static void await(String what, Callable<Boolean> condition) throws IOException, InterruptedException {
        await(what, AWAIT_MAX, condition);
    }

    /** Waits until something holds; returns how long that took. */
    static Duration await(String what, Duration limit, Callable<Boolean> condition)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (true) {
            boolean holds;
            try {
                holds = condition.call();
            } catch (IOException | InterruptedException | RuntimeException failure) {
                throw failure;
            } catch (Exception failure) {
                throw new IOException(failure);
            }
            long nanos = System.nanoTime() - start;
            if (holds) {
                return Duration.ofNanos(nanos);
            }
            if (nanos > limit.toNanos()) {
                throw new AssertionError("not within " + limit + ": " + what);
            }
            Thread.sleep(20);
        }
    }
}
