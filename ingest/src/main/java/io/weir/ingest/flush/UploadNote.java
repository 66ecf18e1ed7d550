package io.weir.ingest.flush;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * A note on the local disk of the objects that are about to be uploaded. A crash between upload and commit leaves objects that no
 * catalog knows; after the restart the note says which.
 *
 * @param purpose one line that tells its writer whether the objects were committed
 * @param keys object keys
 */
public record UploadNote(String purpose, List<String> keys) {
    public UploadNote {
        keys = List.copyOf(keys);
        if (purpose.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("the purpose of a note is one line");
        }
    }

    /** Writes the note durably, in place of an older one. */
    public void write(Path file) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        StringBuilder text = new StringBuilder().append(purpose).append('\n');
        keys.forEach(key -> text.append(key).append('\n'));
        Files.writeString(partial, text, StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The note, if there is one. */
    public static Optional<UploadNote> read(Path file) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        if (lines.isEmpty()) {
            throw new IOException(file + " is empty; delete it, the objects it named stay in the store unused");
        }
        return Optional.of(new UploadNote(lines.getFirst(), lines.subList(1, lines.size())));
    }
}
