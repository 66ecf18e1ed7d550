package io.weir.workcoord.agent;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Divides the worker's credits evenly among the connected APIs. A credit that is taken from one API is given to another
 * only when the first has shown that it knows: until then it may still use it. Every API has at least one credit, so
 * that no more than {@link AgentLimits#heldMax} pieces of work are ever held.
 */
final class CreditPool {
    private final int total;

    CreditPool(int total) {
        this.total = total;
    }

    /** Moves grants towards even shares. Returns the sessions whose grant changed. */
    List<ApiSession> rebalance(Collection<ApiSession> sessions) {
        List<ApiSession> changed = new ArrayList<>();
        int sharers = Math.max(1, sessions.size());
        int each = total / sharers;
        int rest = total % sharers;
        int free = total;
        for (ApiSession session : sessions) {
            int share = Math.max(1, each + (rest-- > 0 ? 1 : 0));
            if (session.granted > share) {
                session.granted = share;
                changed.add(session);
            }
            free -= Math.max(session.believed, session.granted);
        }
        rest = total % sharers;
        for (ApiSession session : sessions) {
            int share = Math.max(1, each + (rest-- > 0 ? 1 : 0));
            // What it still believes to have costs nothing to give back.
            int affordable = Math.max(1, Math.max(session.granted, session.believed) + Math.max(0, free));
            int raised = Math.min(share, affordable);
            if (raised > session.granted) {
                free -= Math.max(0, raised - Math.max(session.granted, session.believed));
                session.granted = raised;
                session.believed = Math.max(session.believed, raised);
                changed.add(session);
            }
        }
        return changed;
    }
}
