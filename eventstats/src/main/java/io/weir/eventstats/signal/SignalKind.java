package io.weir.eventstats.signal;

import java.util.Locale;

/** What a job's signal says; the order is that of the numbers in streams. */
public enum SignalKind {
    QUEUED(false),
    STARTED(false),
    PHASE(false),
    BLOCKED(false),
    FAILED(true),
    SUCCEEDED(true),
    CANCELED(true),
    UNAVAILABLE(true);

    private final boolean terminal;

    SignalKind(boolean terminal) {
        this.terminal = terminal;
    }

    /** Whether the job has ended: no signal follows it. */
    public boolean isTerminal() {
        return terminal;
    }

    /** As in the table. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** As in streams, from 0. */
    public int number() {
        return ordinal();
    }

    /** The kind of a text of the table. */
    public static SignalKind of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
