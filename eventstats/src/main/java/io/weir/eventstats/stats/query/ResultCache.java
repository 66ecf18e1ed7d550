package io.weir.eventstats.stats.query;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.registry.StatsQuery;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Results that are kept for a while, within a bound of bytes. A result is found again by the query, the values it ran with and the filter of its
 * caller's rows: callers with different filters never share one.
 */
final class ResultCache {
    private static final int ENTRY_BYTES = 512;

    private final Cache<Key, QueryResult> results;

    /** @param values and {@code asked} as in {@link Arguments} */
    private record Key(String query, Map<String, @Nullable Object> values, Map<String, Long> asked, RowFilter rows) {}

    ResultCache(long bytesMax) {
        results = CacheBuilder.newBuilder()
                .maximumWeight(bytesMax)
                .concurrencyLevel(1)
                .weigher((Key key, QueryResult result) -> result.data().length + ENTRY_BYTES)
                .build();
    }

    Optional<QueryResult> find(StatsQuery query, Arguments arguments, RowFilter rows, long nowMillis) {
        QueryResult result = results.getIfPresent(key(query, arguments, rows));
        return Optional.ofNullable(result)
                .filter(kept -> nowMillis - kept.generatedMillis() < query.cacheMillis()
                        && nowMillis >= kept.generatedMillis());
    }

    void keep(StatsQuery query, Arguments arguments, RowFilter rows, QueryResult result) {
        results.put(key(query, arguments, rows), result);
    }

    long bytes() {
        return results.asMap().values().stream()
                .mapToLong(result -> result.data().length + ENTRY_BYTES)
                .sum();
    }

    private static Key key(StatsQuery query, Arguments arguments, RowFilter rows) {
        return new Key(query.name(), arguments.values(), arguments.asked(), rows);
    }
}
