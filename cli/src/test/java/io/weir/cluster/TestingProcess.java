package io.weir.cluster;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real process of a test: Weir from the test's class path, or another program. Stopped by its own PID, its log kept in a file. */
public final class TestingProcess implements AutoCloseable {
    private static final Duration READY_TIMEOUT = Duration.ofSeconds(90);

    private final String name;
    private final Process process;
    private final Path log;

    private TestingProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /** Starts {@code weir} with these arguments. */
    public static TestingProcess weir(String name, Path folder, String... arguments) throws IOException {
        return weir(name, folder, List.of(), arguments);
    }

    /** @param javaOptions more options of the virtual machine */
    public static TestingProcess weir(String name, Path folder, List<String> javaOptions, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xmx768m"));
        command.addAll(javaOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.weir.cli.Main"));
        command.addAll(Arrays.asList(arguments));
        return program(name, folder, command);
    }

    public static TestingProcess program(String name, Path folder, List<String> command) throws IOException {
        Files.createDirectories(folder);
        Path log = folder.resolve(name + ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        return new TestingProcess(name, process, log);
    }

    /** Waits until the URL answers 200. */
    public TestingProcess awaitReady(URI url) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + READY_TIMEOUT.toNanos();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (true) {
                if (!process.isAlive()) {
                    throw new IllegalStateException(name + " ended with " + process.exitValue() + ":\n" + logText());
                }
                try {
                    HttpRequest request = HttpRequest.newBuilder(url)
                            .timeout(Duration.ofSeconds(5))
                            .build();
                    if (client.send(request, HttpResponse.BodyHandlers.discarding())
                                    .statusCode()
                            == 200) {
                        return this;
                    }
                } catch (IOException e) {
                    if (System.nanoTime() > deadline) {
                        throw new IllegalStateException(
                                name + " was not ready in " + READY_TIMEOUT + ":\n" + logText(), e);
                    }
                }
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(name + " was not ready in " + READY_TIMEOUT + ":\n" + logText());
                }
                Thread.sleep(100);
            }
        }
    }

    public Process process() {
        return process;
    }

    public String logText() throws IOException {
        return Files.readString(log);
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    TestingLog log() {
        return new TestingLog(log);
    }

    /** Sends a signal by its name: KILL, TERM, STOP or CONT; returns the moment just before. */
    public Instant signal(String signal) throws IOException, InterruptedException {
        Instant before = Instant.now();
        switch (signal) {
            case "KILL" -> process.destroyForcibly();
            case "TERM" -> process.destroy();
            default -> killProgram(signal);
        }
        return before;
    }

    private void killProgram(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + signal, "" + pid()).start();
        if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new IllegalStateException("signal " + signal + " could not be sent to " + name);
        }
    }

    /** Waits for the end; returns the exit code. */
    public int awaitExit(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(name + " has not ended within " + limit);
        }
        return process.exitValue();
    }

    /** The end of the log, for a test's failure. */
    public String logTail() {
        try {
            String text = logText();
            return text.substring(Math.max(0, text.length() - 4_000));
        } catch (IOException e) {
            return "the log of " + name + " cannot be read: " + e;
        }
    }

    /** SIGKILL. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGTERM; returns the exit code. */
    public int stop(Duration limit) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(name + " did not stop within " + limit);
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
