package io.weir.eventstats.stats.topic;

import java.util.Optional;

/**
 * A topic of events.
 *
 * @param name in lower case
 * @param rows how it is read; empty if its events are only written
 */
public record Topic(String name, Optional<TopicRows> rows) {
    /** Whether raw rows can be asked for. */
    public boolean hasPages() {
        return rows.flatMap(TopicRows::page).isPresent();
    }
}
