package io.weir.lake.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Objects as files below a folder. Files and folders whose name starts with a dot are the store's own and no objects. */
public final class LocalObjectStore implements ObjectStore {
    private static final String TEMPORARY = ".tmp";

    private final Path root;

    /** A store in the folder, which is created when missing. */
    public LocalObjectStore(Path root) throws IOException {
        this.root = root.toAbsolutePath().normalize();
        Files.createDirectories(this.root.resolve(TEMPORARY));
    }

    private Path file(String key) {
        return root.resolve(ObjectKeys.check(key));
    }

    @Override
    public void put(String key, Path file) throws IOException {
        Path target = file(key);
        Path folder = target.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Path partial = Files.createTempFile(root.resolve(TEMPORARY), "put-", "");
        PartialFile.write(partial, target, path -> Files.copy(file, path));
    }

    @Override
    public void get(String key, Path file) throws IOException {
        Path source = file(key);
        if (!Files.isRegularFile(source)) {
            throw new NoSuchFileException(key);
        }
        PartialFile.create(file, path -> {
            try {
                Files.copy(source, path);
            } catch (NoSuchFileException e) {
                throw new NoSuchFileException(key);
            }
        });
    }

    @Override
    public boolean exists(String key) {
        return Files.isRegularFile(file(key));
    }

    @Override
    public void delete(String key) throws IOException {
        Path target = file(key);
        if (Files.isRegularFile(target)) {
            Files.deleteIfExists(target);
        }
    }

    @Override
    public List<String> list(String prefix, int limit) throws IOException {
        List<String> keys = new ArrayList<>();
        list(root, "", prefix, limit, keys);
        return keys;
    }

    private static void list(Path folder, String path, String prefix, int limit, List<String> keys) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (!name.startsWith(".")) {
                    // Folders sort with the slash their keys have, so that all keys come out in order.
                    names.add(Files.isDirectory(entry) ? name + "/" : name);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return; // Deleted meanwhile: it has no keys.
        }
        names.sort(Comparator.naturalOrder());
        for (String name : names) {
            String key = path + name;
            if (keys.size() >= limit) {
                return;
            }
            if (name.endsWith("/")) {
                if (key.startsWith(prefix) || prefix.startsWith(key)) {
                    list(folder.resolve(name), key, prefix, limit, keys);
                }
            } else if (key.startsWith(prefix)) {
                keys.add(key);
            }
        }
    }

    @Override
    public Optional<Path> localFile(String key) {
        Path file = file(key);
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }

    @Override
    public void close() {
        // Holds nothing open.
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
