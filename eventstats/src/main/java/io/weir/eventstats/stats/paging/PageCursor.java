package io.weir.eventstats.stats.paging;

import com.google.common.hash.Hashing;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.query.TimeRange;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * Where a page ended, and what it was a page of: opaque text for clients. It carries the window, so that a window that ends now does not move from
 * page to page, and a check value over topic, row filter and its own content. It grants nothing: the filter of the caller is applied to every page.
 *
 * @param internalId of the last row of the page before
 */
record PageCursor(long internalId, TimeRange window) {
    private static final byte VERSION = 1;
    private static final int CHECKED_BYTES = 1 + 3 * Long.BYTES;
    private static final int BYTES = CHECKED_BYTES + Long.BYTES;
    /** Longer texts are no cursors. */
    private static final int TEXT_LENGTH = (BYTES * 8 + 5) / 6;

    /** The text for a client. */
    String text(String topic, RowFilter filter) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES)
                .put(VERSION)
                .putLong(internalId)
                .putLong(window.startMillis())
                .putLong(window.endMillis());
        bytes.putLong(check(bytes.array(), topic, filter));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** The cursor of a text; empty if it is none, or one of another topic or another filter. */
    static Optional<PageCursor> parse(String text, String topic, RowFilter filter) {
        if (text.length() != TEXT_LENGTH) {
            return Optional.empty();
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        if (buffer.get() != VERSION) {
            return Optional.empty();
        }
        PageCursor cursor = new PageCursor(buffer.getLong(), new TimeRange(buffer.getLong(), buffer.getLong()));
        return buffer.getLong() == check(bytes, topic, filter) ? Optional.of(cursor) : Optional.empty();
    }

    private static long check(byte[] content, String topic, RowFilter filter) {
        return Hashing.sha256()
                .newHasher()
                .putBytes(content, 0, CHECKED_BYTES)
                .putString(topic, StandardCharsets.UTF_8)
                .putString("\n" + filter.postgresPatternsByField(), StandardCharsets.UTF_8)
                .hash()
                .asLong();
    }
}
