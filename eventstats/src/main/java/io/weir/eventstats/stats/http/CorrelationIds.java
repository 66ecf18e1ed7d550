package io.weir.eventstats.stats.http;

import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The id by which a request is followed over systems: the client's, if it can stand in a log line, else a fresh one. */
final class CorrelationIds {
    static final String HEADER = "X-Correlation-ID";
    private static final String OTHER_HEADER = "X-Request-ID";
    private static final Pattern ACCEPTED = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    private final Supplier<String> fresh;

    CorrelationIds(Supplier<String> fresh) {
        this.fresh = fresh;
    }

    /** @param header value of a request's header; null if it has none */
    String of(Function<String, @Nullable String> header) {
        for (String name : new String[] {HEADER, OTHER_HEADER}) {
            String given = header.apply(name);
            if (given != null && ACCEPTED.matcher(given).matches()) {
                return given;
            }
        }
        return fresh.get();
    }
}
