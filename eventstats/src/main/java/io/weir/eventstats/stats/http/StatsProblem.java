package io.weir.eventstats.stats.http;

import java.util.Map;

/** An answer that is an error, in EventGate's terms. */
final class StatsProblem extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String type;
    private final transient Map<String, String> headers;

    /** @param type auth, permission, validation, topic, route, database or internal */
    StatsProblem(int status, String type, String message) {
        this(status, type, message, Map.of());
    }

    StatsProblem(int status, String type, String message, Map<String, String> headers) {
        super(message, null, false, false);
        this.status = status;
        this.type = type;
        this.headers = Map.copyOf(headers);
    }

    static StatsProblem validation(String message) {
        return new StatsProblem(400, "validation", message);
    }

    int status() {
        return status;
    }

    String type() {
        return type;
    }

    Map<String, String> headers() {
        return headers;
    }
}
