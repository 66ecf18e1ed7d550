package io.weir.cli.terminal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A small line graph of several series in Braille dots: each character cell holds 2 × 4 dots.
 *
 * <p>All series share both axes. Values that are NaN or infinite leave a gap.
 */
public final class TerminalGraph {
    /** Series drawn; more than these would not be told apart. */
    public static final int LINES_MAX = 6;

    private static final int BRAILLE = 0x2800;
    private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    private static final int[] COLORS = {36, 33, 32, 35, 34, 31};

    private final int width;
    private final int height;
    private final boolean colored;

    /**
     * @param width in characters, without the axis
     * @param height in characters
     */
    public TerminalGraph(int width, int height, boolean colored) {
        this.width = width;
        this.height = height;
        this.colored = colored;
    }

    /** One series: its name, its times in ms, ascending, and as many values. */
    public record Line(String name, long[] timestampsMillis, double[] values) {}

    /** The lines of text of the graph, legend last; empty if there is no finite value to draw. */
    public List<String> render(List<Line> lines) {
        List<Line> drawn = lines.subList(0, Math.min(lines.size(), LINES_MAX));
        long from = Long.MAX_VALUE;
        long to = Long.MIN_VALUE;
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Line line : drawn) {
            for (int i = 0; i < line.values().length; i++) {
                if (Double.isFinite(line.values()[i])) {
                    from = Math.min(from, line.timestampsMillis()[i]);
                    to = Math.max(to, line.timestampsMillis()[i]);
                    low = Math.min(low, line.values()[i]);
                    high = Math.max(high, line.values()[i]);
                }
            }
        }
        if (from > to) {
            return List.of();
        }
        if (low == high) {
            low -= 0.5;
            high += 0.5;
        }
        int[][] dots = new int[height][width];
        int[][] owner = new int[height][width];
        for (int[] row : owner) {
            Arrays.fill(row, -1);
        }
        for (int index = 0; index < drawn.size(); index++) {
            draw(drawn.get(index), index, from, Math.max(to, from + 1), low, high, dots, owner);
        }
        return compose(drawn, lines.size(), low, high, dots, owner);
    }

    private void draw(Line line, int index, long from, long to, double low, double high, int[][] dots, int[][] owner) {
        int previousX = -1;
        int previousY = -1;
        for (int i = 0; i < line.values().length; i++) {
            double value = line.values()[i];
            if (!Double.isFinite(value)) {
                previousX = -1;
                continue;
            }
            int x = (int) Math.round((double) (line.timestampsMillis()[i] - from) / (to - from) * (2 * width - 1));
            int y = (int) Math.round((high - value) / (high - low) * (4 * height - 1));
            int steps = previousX < 0 ? 1 : Math.max(1, Math.max(Math.abs(x - previousX), Math.abs(y - previousY)));
            for (int step = previousX < 0 ? 1 : 0; step <= steps; step++) {
                int dotX = previousX < 0 ? x : previousX + (x - previousX) * step / steps;
                int dotY = previousX < 0 ? y : previousY + (y - previousY) * step / steps;
                dots[dotY / 4][dotX / 2] |= DOTS[dotY % 4][dotX % 2];
                owner[dotY / 4][dotX / 2] = index;
            }
            previousX = x;
            previousY = y;
        }
    }

    private List<String> compose(List<Line> drawn, int total, double low, double high, int[][] dots, int[][] owner) {
        List<String> text = new ArrayList<>();
        for (int row = 0; row < height; row++) {
            double value = high - (high - low) * row / Math.max(1, height - 1);
            StringBuilder line = new StringBuilder(
                    row == 0 || row == height - 1 || row == height / 2
                            ? String.format(Locale.ROOT, "%10s ┤", format(value))
                            : "           │");
            for (int column = 0; column < width; column++) {
                line.append(paint(String.valueOf((char) (BRAILLE + dots[row][column])), owner[row][column]));
            }
            text.add(line.toString());
        }
        for (int index = 0; index < drawn.size(); index++) {
            text.add("           " + paint("━ " + drawn.get(index).name(), index));
        }
        if (total > drawn.size()) {
            text.add("           … and " + (total - drawn.size()) + " more series");
        }
        return text;
    }

    private String paint(String text, int index) {
        return colored && index >= 0 ? "\u001b[" + COLORS[index % COLORS.length] + "m" + text + "\u001b[0m" : text;
    }

    /** A number in at most 9 characters, with a unit prefix for large ones. */
    static String format(double value) {
        double size = Math.abs(value);
        if (size >= 1e12) {
            return String.format(Locale.ROOT, "%.2fT", value / 1e12);
        } else if (size >= 1e9) {
            return String.format(Locale.ROOT, "%.2fG", value / 1e9);
        } else if (size >= 1e6) {
            return String.format(Locale.ROOT, "%.2fM", value / 1e6);
        } else if (size >= 1e4) {
            return String.format(Locale.ROOT, "%.2fk", value / 1e3);
        } else if (size >= 1 || size == 0) {
            return String.format(Locale.ROOT, "%.2f", value);
        }
        return String.format(Locale.ROOT, "%.3g", value);
    }
}
