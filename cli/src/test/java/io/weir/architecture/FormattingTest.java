package io.weir.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
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
    void everyJavaFileIsFormatted() throws IOException, FormatterException {
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<Path> unformatted = new ArrayList<>();
        List<Path> sources = sources();
        assertThat(sources).hasSizeGreaterThan(50);
        for (Path source : sources) {
            String text = Files.readString(source);
            if (!formatter.formatSourceReflowStringsAndFixImports(text).equals(text)) {
                unformatted.add(ROOT.relativize(source));
            }
        }
        assertThat(unformatted).as("files to run dev/format on").isEmpty();
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
