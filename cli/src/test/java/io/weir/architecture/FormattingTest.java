package io.weir.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.palantir.javaformat.java.Main;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every Java file of the project is formatted with palantir-java-format. `dev/format` mends what this finds. */
class FormattingTest {
    private static final Path ROOT = Path.of(System.getProperty("weir.root"));

    @Test
    void everyJavaFileIsFormatted() throws Exception {
        List<Path> sources = sources();
        assertThat(sources).hasSizeGreaterThan(50);
        List<String> arguments = new ArrayList<>(List.of("--palantir", "--dry-run"));
        sources.forEach(source -> arguments.add(source.toString()));
        StringWriter unformatted = new StringWriter();
        StringWriter errors = new StringWriter();
        // The command line's own entry, so that this test and dev/format never disagree.
        new Main(new PrintWriter(unformatted, true), new PrintWriter(errors, true), InputStream.nullInputStream())
                .format(arguments.toArray(String[]::new));
        assertThat(errors.toString()).isEmpty();
        assertThat(unformatted.toString()).as("files to run dev/format on").isEmpty();
    }

    static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.filter(path -> Files.exists(path.resolve("pom.xml")))
                    .toList()) {
                Path folder = module.resolve("src");
                if (Files.isDirectory(folder)) {
                    try (Stream<Path> files = Files.walk(folder)) {
                        files.filter(path -> path.toString().endsWith(".java")).forEach(sources::add);
                    } catch (UncheckedIOException e) {
                        throw e.getCause();
                    }
                }
            }
        }
        return sources;
    }
}
