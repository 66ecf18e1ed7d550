package io.weir.eventstats.stats.query;

import java.util.Optional;

/**
 * What a query gave.
 *
 * @param data JSON array of objects
 * @param truncated whether there were more rows than the query's bound, or more bytes than the setting's
 * @param generatedMillis epoch; earlier than the request if the result was kept
 * @param window that it is of; of a kept result its own
 */
public record QueryResult(
        byte[] data, int rowCount, boolean truncated, long generatedMillis, Optional<TimeRange> window) {}
