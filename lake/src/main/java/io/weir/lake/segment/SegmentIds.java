package io.weir.lake.segment;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.Locale;

/**
 * Names of segments and of their objects.
 *
 * <p>Ids sort by creation as strings. A merged segment's id sorts just behind the greatest of its inputs and before everything
 * created later, so that "the greatest id wins" gives the same answer before and after a compaction of neighbours.
 */
public final class SegmentIds {
    private static final DateTimeFormatter FOLDER =
            DateTimeFormatter.ofPattern("yyyyMMdd/HH", Locale.ROOT).withZone(ZoneOffset.UTC);

    private SegmentIds() {}

    /**
     * A new id.
     *
     * @param random tells segments of the same ms apart
     */
    public static String newId(long nowMillis, long random) {
        return String.format(Locale.ROOT, "%012x%016x", nowMillis, random);
    }

    /** The id of the segment that replaces others. */
    public static String mergedId(Collection<String> inputIds, long random) {
        String greatest = inputIds.stream()
                .max(String::compareTo)
                .orElseThrow(() -> new IllegalArgumentException("nothing to merge"));
        int mark = greatest.indexOf('m');
        String stem = mark < 0 ? greatest : greatest.substring(0, mark);
        int level = mark < 0 ? 1 : Integer.parseInt(greatest, mark + 1, mark + 5, 16) + 1;
        if (level > 0xffff) {
            throw new IllegalArgumentException("segment " + greatest + " was merged too often");
        }
        return String.format(Locale.ROOT, "%sm%04x%016x", stem, level, random);
    }

    /** Object key of a segment's blocks: {@code <tenant>/metrics/<yyyymmdd>/<hh>/<id>.blocks.parquet}. */
    public static String blocksKey(String tenant, String id, long minTimeMillis) {
        return prefix(tenant, minTimeMillis) + id + ".blocks.parquet";
    }

    /** Object key of a segment's series: {@code <tenant>/metrics/<yyyymmdd>/<hh>/<id>.series.parquet}. */
    public static String seriesKey(String tenant, String id, long minTimeMillis) {
        return prefix(tenant, minTimeMillis) + id + ".series.parquet";
    }

    private static String prefix(String tenant, long minTimeMillis) {
        return keyPart(tenant) + "/metrics/" + FOLDER.format(Instant.ofEpochMilli(minTimeMillis)) + "/";
    }

    /** A tenant's name as one safe part of an object key: letters, digits, {@code -} and {@code _} stay, other bytes become %XX. */
    static String keyPart(String tenant) {
        StringBuilder part = new StringBuilder();
        for (byte b : tenant.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
                part.append(c);
            } else {
                part.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        if (part.isEmpty()) {
            throw new IllegalArgumentException("the tenant has no name");
        }
        return part.toString();
    }
}
