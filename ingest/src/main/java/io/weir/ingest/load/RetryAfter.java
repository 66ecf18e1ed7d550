package io.weir.ingest.load;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.OptionalLong;

/** The wait an answer's Retry-After asks for: seconds, or a date that counts from the answer's own Date (RFC 9110, 10.2.3). */
final class RetryAfter {
    private static final int DIGITS_MAX = 9;

    private RetryAfter() {}

    /** Milliseconds to wait, or nothing if the header is missing or not understood. */
    static OptionalLong millis(HttpHeaders headers) {
        Optional<String> header = headers.firstValue("Retry-After");
        if (header.isEmpty()) {
            return OptionalLong.empty();
        }
        String text = header.get().strip();
        if (!text.isEmpty() && text.length() <= DIGITS_MAX && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return OptionalLong.of(Long.parseLong(text) * 1_000);
        }
        Optional<ZonedDateTime> until = date(text);
        Optional<ZonedDateTime> now = headers.firstValue("Date").flatMap(RetryAfter::date);
        if (until.isEmpty() || now.isEmpty()) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(
                Math.max(0, Duration.between(now.get(), until.get()).toMillis()));
    }

    private static Optional<ZonedDateTime> date(String text) {
        try {
            return Optional.of(ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
