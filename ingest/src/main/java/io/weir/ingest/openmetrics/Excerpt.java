package io.weir.ingest.openmetrics;

import java.nio.charset.StandardCharsets;

/** A short printable piece of the input for error messages. */
final class Excerpt {
    private static final int BYTES_MAX = 60;

    private Excerpt() {}

    static String of(byte[] bytes, int start, int end) {
        if (start >= end) {
            return "the end of the line";
        }
        int stop = Math.min(end, start + BYTES_MAX);
        String text = new String(bytes, start, stop - start, StandardCharsets.UTF_8);
        StringBuilder printable = new StringBuilder("'");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            printable.append(Character.isISOControl(c) ? '?' : c);
        }
        return printable.append(stop < end ? "...'" : "'").toString();
    }
}
