package io.weir.eventstats.auth;

/** What a caller may read of a topic. */
public sealed interface TopicAccess {
    /**
     * The rows that a filter lets through.
     *
     * @param rows to be applied inside the statement that reads the topic, never after it
     */
    record Granted(RowFilter rows) implements TopicAccess {}

    /**
     * Nothing: status 403, error type {@code auth}.
     *
     * @param message for the client
     */
    record Refused(String message) implements TopicAccess {}
}
