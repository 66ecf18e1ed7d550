package io.weir.eventstats.auth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key pair of a data folder: {@code auth/private-key.pem}, readable by its owner only, and {@code auth/public-keys.json}. It is made once and
 * kept: tokens outlive a restart.
 */
public final class LocalKeys {
    private static final Logger LOG = LoggerFactory.getLogger(LocalKeys.class);
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    /** No key of RSA that is in use comes near. */
    private static final int FILE_BYTES_MAX = 65_536;

    private final SigningKey key;
    private final Path publicFile;

    private LocalKeys(SigningKey key, Path publicFile) {
        this.key = key;
        this.publicFile = publicFile;
    }

    private static Path folder(Path dataFolder) {
        return dataFolder.resolve("auth");
    }

    private static Path privateFile(Path dataFolder) {
        return folder(dataFolder).resolve("private-key.pem");
    }

    /**
     * The key pair of a data folder, made if there is none; its public part is written beside it.
     *
     * @throws IOException if a file cannot be read or written, or holds no key
     */
    public static LocalKeys openOrCreate(Path dataFolder) throws IOException {
        Path file = privateFile(dataFolder);
        Files.createDirectories(folder(dataFolder));
        if (!Files.exists(file)) {
            write(file, SigningKey.generate().pem().getBytes(StandardCharsets.UTF_8), true);
            LOG.info("auth: made a key pair for tokens in {}", folder(dataFolder));
        }
        LocalKeys keys = open(dataFolder);
        write(keys.publicFile, keys.key.publicDocumentBytes(), false);
        return keys;
    }

    /**
     * The key pair of a data folder.
     *
     * @throws IOException if there is none, or it cannot be read; the message says what to do
     */
    public static LocalKeys open(Path dataFolder) throws IOException {
        Path file = privateFile(dataFolder);
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new IOException("it is longer than " + FILE_BYTES_MAX + " bytes");
            }
            SigningKey key = SigningKey.ofPem(Files.readString(file, StandardCharsets.US_ASCII));
            protect(file);
            return new LocalKeys(key, folder(dataFolder).resolve("public-keys.json"));
        } catch (NoSuchFileException e) {
            throw new IOException(
                    "there is no key pair in " + dataFolder
                            + ": start 'weir standalone' on that folder first, or name another one with --data-dir",
                    e);
        } catch (IOException e) {
            throw new IOException("cannot read the private key " + file + ": " + e.getMessage(), e);
        }
    }

    /** Whole or not at all, also when the process dies. */
    private static void write(Path file, byte[] content, boolean isSecret) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(unfinished);
        FileAttribute<?>[] attributes = isSecret && isPosix(file)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
        try (FileChannel channel = FileChannel.open(
                unfinished, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static boolean isPosix(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** Takes the private key away from everybody but its owner, should somebody have copied it about. */
    private static void protect(Path file) throws IOException {
        if (!isPosix(file)) {
            return;
        }
        EnumSet<PosixFilePermission> others = EnumSet.noneOf(PosixFilePermission.class);
        others.addAll(Files.getPosixFilePermissions(file));
        others.removeAll(EnumSet.of(
                PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE));
        if (others.isEmpty()) {
            return;
        }
        LOG.warn("auth: the private key {} was open to others than its owner ({}); it is not any more", file, others);
        Files.setPosixFilePermissions(file, OWNER_ONLY);
    }

    /** The file of the public part, for {@code auth-keys-url}. */
    public Path publicFile() {
        return publicFile;
    }

    /** The public part: a JWKS and a key document of EventGate's format in one. */
    public String publicDocument() {
        return key.publicDocument();
    }

    /** Signs a token. */
    public String sign(TokenClaims claims, long nowMillis) {
        return key.sign(claims, nowMillis);
    }

    @Override
    public String toString() {
        return "key pair " + key + " of " + publicFile.getParent();
    }
}
