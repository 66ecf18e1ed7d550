package io.weir.eventstats.signal.stream;

import java.util.UUID;

/** What a stream shows: a tenant's job or run. */
public record WatchKey(Scope scope, UUID tenantId, UUID id) {
    /** Kinds of what is watched. */
    public enum Scope {
        JOB,
        RUN
    }
}
