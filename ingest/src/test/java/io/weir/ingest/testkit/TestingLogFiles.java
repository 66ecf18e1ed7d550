package io.weir.ingest.testkit;

import io.weir.ingest.wal.LogFiles;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * Log files in memory on a disk that breaks: operations fail at a seeded rate, appends are cut short, and a crash keeps only what
 * was synced and a random part of the rest, in which pages may be missing.
 */
public final class TestingLogFiles implements LogFiles {
    private static final int PAGE_BYTES = 64;

    private static final class File {
        byte[] bytes = new byte[0];
        int synced;
    }

    private final TreeMap<String, File> files = new TreeMap<>();
    private final Random random;
    private double failureRate;
    private boolean full;
    private int failures;

    public TestingLogFiles(Random random) {
        this.random = random;
    }

    /** From now on this share of the writing operations fails. */
    public void setFailureRate(double rate) {
        failureRate = rate;
    }

    /** From now on every append fails, as on a full disk, until it is unset. */
    public void setFull(boolean value) {
        full = value;
    }

    public int failures() {
        return failures;
    }

    /** The content of a file, for tests that damage it. */
    public byte[] content(String name) {
        return file(name).bytes.clone();
    }

    public void setContent(String name, byte[] bytes) {
        File file = files.computeIfAbsent(name, key -> new File());
        file.bytes = bytes.clone();
        file.synced = bytes.length;
    }

    /** What a power failure leaves. */
    public void crash() {
        for (File file : files.values()) {
            int kept = file.synced + random.nextInt(file.bytes.length - file.synced + 1);
            byte[] bytes = Arrays.copyOf(file.bytes, kept);
            for (int page = file.synced; page < kept; page += PAGE_BYTES) {
                if (random.nextInt(4) == 0) {
                    Arrays.fill(bytes, page, Math.min(page + PAGE_BYTES, kept), (byte) 0);
                }
            }
            file.bytes = bytes;
            file.synced = kept;
        }
    }

    private File file(String name) {
        File file = files.get(name);
        if (file == null) {
            throw new IllegalArgumentException("no file " + name);
        }
        return file;
    }

    private void maybeFail(String what) throws IOException {
        if (random.nextDouble() < failureRate) {
            failures++;
            throw new IOException("injected: " + what);
        }
    }

    @Override
    public List<String> list() {
        return List.copyOf(files.keySet());
    }

    @Override
    public Appender create(String name) throws IOException {
        maybeFail("create");
        if (files.containsKey(name)) {
            throw new FileAlreadyExistsException(name);
        }
        File file = new File();
        files.put(name, file);
        return new Appender() {
            @Override
            public void append(ByteBuffer buffer) throws IOException {
                byte[] bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                boolean fails = full || random.nextDouble() < failureRate;
                int count = fails ? random.nextInt(bytes.length + 1) : bytes.length;
                ByteArrayOutputStream grown = new ByteArrayOutputStream();
                grown.writeBytes(file.bytes);
                grown.write(bytes, 0, count);
                file.bytes = grown.toByteArray();
                if (fails) {
                    failures++;
                    throw new IOException("injected: No space left on device");
                }
            }

            @Override
            public void force() throws IOException {
                maybeFail("force");
                file.synced = file.bytes.length;
            }

            @Override
            public void truncate(long sizeBytes) throws IOException {
                maybeFail("truncate");
                file.bytes = Arrays.copyOf(file.bytes, (int) sizeBytes);
                file.synced = file.bytes.length;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public long size(String name) {
        return file(name).bytes.length;
    }

    @Override
    public byte[] read(String name, long offset, int length) throws IOException {
        File file = files.get(name);
        if (file == null) {
            throw new NoSuchFileException(name);
        }
        if (offset + length > file.bytes.length) {
            throw new EOFException(name);
        }
        return Arrays.copyOfRange(file.bytes, (int) offset, (int) offset + length);
    }

    @Override
    public void truncate(String name, long sizeBytes) {
        File file = file(name);
        file.bytes = Arrays.copyOf(file.bytes, (int) sizeBytes);
        file.synced = file.bytes.length;
    }

    @Override
    public void delete(String name) {
        files.remove(name);
    }
}
