package io.weir.queryworker.cache;

import io.weir.lake.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Objects in memory, whose downloads can be counted, held up and damaged. */
public final class TestingObjectStore implements ObjectStore {
    private final Map<String, byte[]> objects = new ConcurrentHashMap<>();
    public final AtomicInteger gets = new AtomicInteger();
    /** Downloads that were interrupted while they were held up. */
    public final AtomicInteger interrupted = new AtomicInteger();

    public final AtomicInteger damagedGets = new AtomicInteger();
    public final AtomicInteger failedGets = new AtomicInteger();
    /** Objects that lie in files, as in a store that is a local folder. */
    public final Map<String, Path> localFiles = new ConcurrentHashMap<>();

    public volatile CountDownLatch gate = new CountDownLatch(0);

    public void put(String key, byte[] content) {
        objects.put(key, content.clone());
    }

    @Override
    public void put(String key, Path file) throws IOException {
        objects.put(key, Files.readAllBytes(file));
    }

    @Override
    public void get(String key, Path file) throws IOException {
        gets.incrementAndGet();
        try {
            gate.await();
        } catch (InterruptedException e) {
            interrupted.incrementAndGet();
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        if (failedGets.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IOException("the store fails");
        }
        byte[] content = objects.get(key);
        if (content == null) {
            throw new NoSuchFileException(key);
        }
        byte[] copy = content.clone();
        if (damagedGets.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            copy[copy.length / 2] ^= 1;
        }
        Files.write(file, copy, java.nio.file.StandardOpenOption.CREATE_NEW);
    }

    @Override
    public boolean exists(String key) {
        return objects.containsKey(key);
    }

    @Override
    public void delete(String key) {
        objects.remove(key);
    }

    @Override
    public List<String> list(String prefix, int limit) {
        return objects.keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .sorted()
                .limit(limit)
                .toList();
    }

    @Override
    public Optional<Path> localFile(String key) {
        return Optional.ofNullable(localFiles.get(key));
    }

    @Override
    public void close() {}
}
