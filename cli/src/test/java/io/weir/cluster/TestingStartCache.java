package io.weir.cluster;

import io.weir.cli.process.Ports;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/**
 * Java's cache of loaded and linked classes for the processes of tests, made once for each run of the tests: it halves what a start costs
 * (measured: 2.7 s of CPU time to 1.4 s), and some tests start dozens.
 */
final class TestingStartCache {
    private static final Duration TRAINING_MAX = Duration.ofMinutes(3);

    /** Flags that every process of a fleet has; a cache is good for the flags and the class path it was made with only. */
    private static final List<String> FLAGS = List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            // These processes live for seconds: the second compiler would take more time than it gives.
            "-XX:TieredStopAtLevel=1",
            "-Xmx512m");

    private static List<String> command = List.of();

    private TestingStartCache() {}

    /** How to start Weir; its arguments are to be added. */
    static synchronized List<String> command() throws IOException {
        if (command.isEmpty()) {
            Path folder = Files.createTempDirectory("weir-start-cache");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            String classPath = jars(folder);
            Path cache = folder.resolve("weir.aot");
            try {
                train(folder, java("-XX:AOTCacheOutput=" + cache, classPath));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
            command = java("-XX:AOTCache=" + cache, classPath);
        }
        return command;
    }

    private static List<String> java(String cacheFlag, String classPath) {
        List<String> java = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        java.addAll(FLAGS);
        java.addAll(List.of(cacheFlag, "-cp", classPath, "io.weir.cli.Main"));
        return List.copyOf(java);
    }

    /** The class path with its folders as jars: classes from folders are not cached. */
    private static String jars(Path folder) throws IOException {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            if (Files.isDirectory(path)) {
                Path jar = folder.resolve(entries.size() + ".jar");
                pack(path, jar);
                entries.add(jar.toString());
            } else {
                entries.add(entry);
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private static void pack(Path from, Path jar) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(from)) {
            out.setLevel(0);
            for (Path file : files.filter(path -> !path.equals(from)).sorted().toList()) {
                // Folders too: migrations are found by looking into theirs.
                boolean isFolder = Files.isDirectory(file);
                out.putNextEntry(new JarEntry(from.relativize(file) + (isFolder ? "/" : "")));
                if (!isFolder) {
                    Files.copy(file, out);
                }
                out.closeEntry();
            }
        }
    }

    /** A worker that starts and stops again shows which classes are needed. */
    private static void train(Path folder, List<String> training) throws IOException, InterruptedException {
        int port = Ports.free();
        List<String> arguments = new ArrayList<>(training);
        arguments.addAll(List.of(
                "worker",
                "--lake",
                folder.resolve("lake").toString(),
                "--data-dir",
                folder.resolve("worker").toString(),
                "--http-port",
                "" + port,
                "--grpc-port",
                "0"));
        try (TestingProcess process = TestingProcess.program("training", folder, arguments)) {
            process.awaitReady(URI.create("http://127.0.0.1:" + port + "/livez"));
            process.process().destroy();
            if (!process.process().waitFor(TRAINING_MAX.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("the training run did not end:\n" + process.logText());
            }
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            System.err.println("cannot delete " + folder + ": " + e);
        }
    }
}
