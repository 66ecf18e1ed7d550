package io.weir.ingest.openmetrics;

/**
 * Limits of parsing text formats.
 *
 * @param lineBytesMax longest line; also the size of the one read buffer
 * @param labelsPerSeriesMax most labels of one series, the metric name included
 * @param seriesCacheEntriesMax series whose text is remembered with its labels; rounded down to a power of two
 * @param seriesCacheBytesMax bytes of series text remembered; a full cache starts anew
 */
public record TextFormatSettings(
        int lineBytesMax, int labelsPerSeriesMax, int seriesCacheEntriesMax, long seriesCacheBytesMax) {
    public static final TextFormatSettings DEFAULTS = new TextFormatSettings(1 << 20, 256, 1 << 17, 64L * 1024 * 1024);

    public TextFormatSettings {
        requireRange("longest line (bytes)", lineBytesMax, 64, 1 << 28);
        requireRange("labels per series", labelsPerSeriesMax, 1, 100_000);
        requireRange("cached series", seriesCacheEntriesMax, 1, 1 << 24);
        requireRange("cached series text (bytes)", seriesCacheBytesMax, 0, 1L << 34);
    }

    private static void requireRange(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " must be between " + least + " and " + most + ", but is " + value);
        }
    }
}
