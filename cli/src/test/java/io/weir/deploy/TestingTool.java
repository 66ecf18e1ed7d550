package io.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs that an operator would run on the files of {@code deploy/}. */
final class TestingTool {
    static final Path ROOT = Path.of(System.getProperty("weir.root"));
    static final Path DEPLOY = ROOT.resolve("deploy");

    private TestingTool() {}

    /** What a program that must succeed prints; its messages on standard error are for the failure only. */
    static String run(Path folder, String... command) throws IOException, InterruptedException {
        Path errors = Files.createTempFile("weir-tool", ".err");
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .directory(folder.toFile())
                    .redirectError(errors.toFile())
                    .start();
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as("%s: %s%s", String.join(" ", command), text, Files.readString(errors))
                    .isZero();
            return text;
        } finally {
            Files.delete(errors);
        }
    }
}
