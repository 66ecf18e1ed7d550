package io.weir.workcoord.coordinator;

import io.weir.workcoord.Rendezvous;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One piece of work and all that is known about its attempts. */
final class WorkItem {
    final QueryEntry query;
    final int leafId;
    final String workId;
    final String affinityKey;
    final long keyHash;
    /** Workers that rejected, failed or lost it; avoided while another accepts work. */
    final Set<String> tried = new HashSet<>();

    /** The attempt that the work's own state is that of; queued while the work waits for a worker. */
    Attempt primary = new Attempt(this);

    /** The second attempt at a straggler; always on a worker. */
    @Nullable
    Attempt hedge;

    /** Assignments so far, hedges included: the name of the newest attempt. */
    int assignments;

    int failures;
    long queuedSinceMillis;
    long notBeforeMillis;
    String lastMessage = "";

    WorkItem(QueryEntry query, CoordinatorEvent.Unit unit, long nowMillis) {
        this.query = query;
        this.leafId = unit.leafId();
        this.workId = unit.workId();
        this.affinityKey = unit.affinityKey();
        this.keyHash = Rendezvous.hash(unit.affinityKey());
        this.queuedSinceMillis = nowMillis;
    }

    WorkState state() {
        return primary.state();
    }

    List<Attempt> attempts() {
        return hedge == null ? List.of(primary) : List.of(primary, hedge);
    }

    /** The attempt with this number that is not over; empty if there is none. */
    Optional<Attempt> attempt(int number) {
        return attempts().stream().filter(attempt -> attempt.number == number).findFirst();
    }

    /** The attempt that runs beside this one, if any. */
    @Nullable
    Attempt beside(Attempt attempt) {
        return attempt == primary ? hedge : primary;
    }

    /** Forgets an attempt that is over if another one runs: the work goes on in that. False if none does. */
    boolean goesOnWithout(Attempt attempt) {
        Attempt other = beside(attempt);
        if (other == null) {
            return false;
        }
        primary = other;
        hedge = null;
        return true;
    }

    WorkSnapshot snapshot() {
        return new WorkSnapshot(
                query.queryId,
                query.tenant.name,
                workId,
                state(),
                primary.number,
                failures,
                primary.session(),
                hedge == null ? null : new WorkSnapshot.Hedge(hedge.state(), hedge.number, hedge.session()));
    }
}
