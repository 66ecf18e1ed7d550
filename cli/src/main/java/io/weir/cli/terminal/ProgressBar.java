package io.weir.cli.terminal;

import java.io.PrintStream;
import java.util.Locale;

/** A progress bar on one terminal line; on anything but a terminal it prints nothing until it is done. */
public final class ProgressBar {
    private static final int WIDTH = 32;
    private static final String[] PARTS = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

    private final PrintStream out;
    private final boolean interactive;
    private int lastLength;

    public ProgressBar(PrintStream out, boolean interactive) {
        this.out = out;
        this.interactive = interactive;
    }

    /** Draws the bar at a fraction from 0 to 1 with a text behind it. */
    public void update(double fraction, String text) {
        if (interactive) {
            String line = render(fraction) + " " + text;
            out.print("\r" + line + " ".repeat(Math.max(0, lastLength - line.length())));
            out.flush();
            lastLength = line.length();
        }
    }

    /** Ends the line with a last text. */
    public void done(String text) {
        if (interactive) {
            update(1, text);
            out.println();
        } else {
            out.println(text);
        }
        out.flush();
    }

    static String render(double fraction) {
        double clamped = Math.max(0, Math.min(1, fraction));
        int eighths = (int) Math.round(clamped * WIDTH * 8);
        String bar = "█".repeat(eighths / 8) + PARTS[eighths % 8];
        return "│" + bar + " ".repeat(WIDTH - bar.length()) + "│ "
                + String.format(Locale.ROOT, "%3d%%", (int) (clamped * 100));
    }
}
