package io.weir.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalGraphTest {
    private static TerminalGraph.Line line(String name, double... values) {
        long[] times = new long[values.length];
        for (int i = 0; i < times.length; i++) {
            times[i] = i * 1000L;
        }
        return new TerminalGraph.Line(name, times, values);
    }

    @Test
    void drawsARisingLine() {
        assertThat(new TerminalGraph(8, 4, false).render(List.of(line("up", 0, 1, 2, 3))))
                .containsExactly(
                        "      3.00 ┤⠀⠀⠀⠀⠀⠀⡠⠊",
                        "           │⠀⠀⠀⠀⡠⠊⠀⠀",
                        "      1.00 ┤⠀⠀⡠⠊⠀⠀⠀⠀",
                        "      0.00 ┤⡠⠊⠀⠀⠀⠀⠀⠀",
                        "           ━ up");
    }

    @Test
    void aGapIsLeftWhereAValueIsNotFinite() {
        assertThat(new TerminalGraph(4, 1, false)
                        .render(List.of(line("gap", 1, 1, Double.NaN, 1, Double.POSITIVE_INFINITY, 1))))
                .first()
                .asString()
                .isEqualTo("      1.50 ┤⠤⠀⠄⠠");
    }

    @Test
    void nothingFiniteIsNoGraph() {
        assertThat(new TerminalGraph(8, 4, false).render(List.of())).isEmpty();
        assertThat(new TerminalGraph(8, 4, false).render(List.of(line("nan", Double.NaN))))
                .isEmpty();
    }

    @Test
    void oneSampleIsADotInTheMiddle() {
        List<String> text = new TerminalGraph(4, 2, false).render(List.of(line("one", 5)));
        assertThat(text).hasSize(3);
        assertThat(text.get(0)).startsWith("      5.50 ┤");
        assertThat(text.get(1)).startsWith("      4.50 ┤");
        assertThat(String.join("", text).chars().filter(c -> c > 0x2800 && c <= 0x28ff))
                .hasSize(1);
    }

    @Test
    void moreSeriesThanItDrawsAreCounted() {
        List<TerminalGraph.Line> lines = new ArrayList<>();
        for (int i = 0; i < TerminalGraph.LINES_MAX + 2; i++) {
            lines.add(line("series" + i, i, i));
        }
        List<String> text = new TerminalGraph(8, 2, false).render(lines);
        assertThat(text).hasSize(2 + TerminalGraph.LINES_MAX + 1);
        assertThat(text.getLast()).isEqualTo("           … and 2 more series");
    }

    @Test
    void eachSeriesHasItsColor() {
        List<String> text = new TerminalGraph(2, 1, true).render(List.of(line("a", 1, 1), line("b", 2, 2)));
        assertThat(text.get(1)).isEqualTo("           \u001b[36m━ a\u001b[0m");
        assertThat(text.get(2)).isEqualTo("           \u001b[33m━ b\u001b[0m");
    }

    @Test
    void extremeValuesDoNotLeaveTheGraph() {
        assertThat(new TerminalGraph(8, 4, false)
                        .render(List.of(line("x", -Double.MAX_VALUE, Double.MAX_VALUE, 0, Double.MIN_VALUE))))
                .hasSize(5);
    }

    @ParameterizedTest
    @CsvSource({
        "0,0.00",
        "1.5,1.50",
        "9999,9999.00",
        "12345,12.35k",
        "-12345,-12.35k",
        "2500000,2.50M",
        "3e9,3.00G",
        "4.2e12,4.20T",
        "0.00123,0.00123"
    })
    void formatsNumbersShort(double value, String text) {
        assertThat(TerminalGraph.format(value)).isEqualTo(text);
    }
}
