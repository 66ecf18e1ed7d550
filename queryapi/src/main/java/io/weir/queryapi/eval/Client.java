package io.weir.queryapi.eval;

/** Who waits for the answer of a query. */
public interface Client {
    /** Whether nobody waits any more; asked now and then by the query's own thread only. */
    boolean isGone();

    /** Breaks the connection, so that a thread that writes to it does not wait for its reader any longer; from any thread. */
    void cutOff();
}
