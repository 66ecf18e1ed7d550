package io.weir.precompute.router;

import java.util.Locale;

/** Why a query was not answered from results; for the metric. */
public enum MissReason {
    /** Its value is no instant vector. */
    TYPE,
    /** No job computes it. */
    NO_JOB,
    /** It looks back further, or less far, than jobs do. */
    LOOKBACK,
    /** Its steps are no multiple of the job's granularity. */
    STEP,
    /** No tick is there for its time, or for one of its steps. */
    TIME,
    /** Its job has no sketches to answer it from. */
    SKETCHES,
    /** Its answer is larger than a query's may be: the data's path says so, or finds it smaller. */
    LIMIT;

    /** In lower case. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
