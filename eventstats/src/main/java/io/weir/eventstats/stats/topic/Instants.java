package io.weir.eventstats.stats.topic;

/** Epoch milliseconds as PostgreSQL's timestamps. */
public final class Instants {
    /** One parameter, epoch ms as bigint; exact to the ms, and never out of range: what is beyond the years 1 to 9999 counts as their end. */
    public static final String FROM_EPOCH_MILLIS =
            "(TIMESTAMPTZ 'epoch' + LEAST(GREATEST(?::bigint, -62135596800000), 253402300799999) * INTERVAL '1"
                    + " millisecond')";

    private Instants() {}
}
