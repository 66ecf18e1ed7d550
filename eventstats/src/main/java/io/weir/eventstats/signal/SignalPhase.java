package io.weir.eventstats.signal;

import java.util.Locale;

/** What a job is busy with; the order is that of the numbers in streams. */
public enum SignalPhase {
    RESOLVE,
    FETCH,
    RESTORE,
    ANALYZE,
    POLICY,
    REPORT,
    UNKNOWN;

    /** As in the table. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** As in streams, from 0. */
    public int number() {
        return ordinal();
    }

    /** The phase of a text of the table. */
    public static SignalPhase of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
