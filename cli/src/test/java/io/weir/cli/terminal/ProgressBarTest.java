package io.weir.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void drawsEighthsOfACharacter() {
        assertThat(ProgressBar.render(0)).isEqualTo("│" + " ".repeat(32) + "│   0%");
        assertThat(ProgressBar.render(0.5)).isEqualTo("│" + "█".repeat(16) + " ".repeat(16) + "│  50%");
        assertThat(ProgressBar.render(1 / 256.0)).isEqualTo("│▏" + " ".repeat(31) + "│   0%");
        assertThat(ProgressBar.render(0.999)).isEqualTo("│" + "█".repeat(32) + "│  99%");
        assertThat(ProgressBar.render(1)).isEqualTo("│" + "█".repeat(32) + "│ 100%");
    }

    @Test
    void staysWithinItsBounds() {
        assertThat(ProgressBar.render(-1)).isEqualTo(ProgressBar.render(0));
        assertThat(ProgressBar.render(7)).isEqualTo(ProgressBar.render(1));
        for (int i = 0; i <= 1000; i++) {
            assertThat(ProgressBar.render(i / 1000.0)).hasSize(39);
        }
    }

    @Test
    void onATerminalItOverwritesItsLineAndWipesWhatWasLonger() {
        ProgressBar bar = new ProgressBar(out, true);
        bar.update(0, "12345 points");
        bar.done("end");
        assertThat(text())
                .isEqualTo("\r" + ProgressBar.render(0) + " 12345 points\r" + ProgressBar.render(1) + " end"
                        + " ".repeat(9) + System.lineSeparator());
    }

    @Test
    void elsewhereItPrintsOnlyTheLastText() {
        ProgressBar bar = new ProgressBar(out, false);
        bar.update(0.5, "half");
        bar.done("end");
        assertThat(text()).isEqualTo("end" + System.lineSeparator());
    }
}
