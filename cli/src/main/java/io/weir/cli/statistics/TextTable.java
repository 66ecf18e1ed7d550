package io.weir.cli.statistics;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A table of text with columns as wide as their longest cell; numbers are aligned to the right. */
public final class TextTable {
    private static final String GAP = "  ";
    private static final int CELL_CHARACTERS_MAX = 60;

    private final List<String> header;
    private final List<Boolean> numeric;
    private final List<List<String>> rows = new ArrayList<>();

    /** @param numeric for each column */
    public TextTable(List<String> header, List<Boolean> numeric) {
        if (header.size() != numeric.size()) {
            throw new IllegalArgumentException("each column has a name and an alignment");
        }
        this.header = List.copyOf(header);
        this.numeric = List.copyOf(numeric);
    }

    public void add(List<String> cells) {
        rows.add(cells.stream().map(TextTable::oneLine).toList());
    }

    private static String oneLine(String cell) {
        String line = cell.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= CELL_CHARACTERS_MAX ? line : line.substring(0, CELL_CHARACTERS_MAX - 3) + "...";
    }

    public void print(PrintStream out) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(header);
        lines.addAll(rows);
        int[] widths = new int[header.size()];
        for (List<String> line : lines) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], line.get(column).length());
            }
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String format = (numeric.get(column) ? "%" : "%-") + Math.max(1, widths[column]) + "s";
                text.append(column == 0 ? "" : GAP).append(String.format(Locale.ROOT, format, line.get(column)));
            }
            out.println(text.toString().stripTrailing());
        }
    }
}
