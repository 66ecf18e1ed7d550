package io.weir.precompute.job;

import java.util.Locale;

/** The life of a job: created, active, failing after failed ticks in a row, expired at its end; deleted ones are gone. */
public enum JobStatus {
    CREATED,
    ACTIVE,
    FAILING,
    EXPIRED;

    /** In lower case. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
