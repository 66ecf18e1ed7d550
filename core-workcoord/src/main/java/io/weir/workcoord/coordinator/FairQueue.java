package io.weir.workcoord.coordinator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The API's queue of work: fair between tenants, then between the queries of a tenant, then first come first served. Fair
 * means that the next turn is of the one that has least work on workers, among equals of the one not served for longest.
 */
final class FairQueue {
    private static final Comparator<TenantEntry> TENANT_TURN = Comparator.<TenantEntry>comparingInt(
                    tenant -> tenant.inFlight)
            .thenComparingLong(tenant -> tenant.lastServed);
    private static final Comparator<QueryEntry> QUERY_TURN =
            Comparator.<QueryEntry>comparingInt(QueryEntry::inFlight).thenComparingLong(query -> query.lastServed);

    private final Map<String, TenantEntry> tenants = new LinkedHashMap<>();
    private long turn;
    private int size;

    /** The tenant of a query that begins. A new one takes its turn behind those that wait: nobody gains by coming and going. */
    TenantEntry tenant(String name) {
        TenantEntry known = tenants.get(name);
        if (known == null) {
            turn++;
            known = new TenantEntry(name, turn);
            tenants.put(name, known);
        }
        return known;
    }

    /** A query begins. It does not go ahead of those that wait already, nor behind what they were served before it came. */
    void add(QueryEntry query) {
        turn++;
        query.lastServed = turn;
        query.tenant.queries.add(query);
        query.fresh.addAll(query.works);
        size += query.works.size();
    }

    /** A query is over; what it has queued goes with it. */
    void remove(QueryEntry query) {
        size -= query.queued();
        query.tenant.queries.remove(query);
        if (query.tenant.queries.isEmpty()) {
            tenants.remove(query.tenant.name);
        }
    }

    /** Work came back from a worker. */
    void giveBack(WorkItem item) {
        item.query.returned.add(item);
        size++;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Since when the piece waits that has waited longest; the given time if none waits. */
    long oldestSinceMillis(long nowMillis) {
        long oldest = nowMillis;
        for (TenantEntry tenant : tenants.values()) {
            for (QueryEntry query : tenant.queries) {
                oldest = Math.min(oldest, query.queuedSinceMillis(nowMillis));
            }
        }
        return oldest;
    }

    /** Offers queued work in turn until one is placed; false if none can be placed now. */
    boolean placeNext(Predicate<WorkItem> place) {
        List<TenantEntry> tenantsInTurn = new ArrayList<>(tenants.values());
        tenantsInTurn.sort(TENANT_TURN);
        for (TenantEntry tenant : tenantsInTurn) {
            List<QueryEntry> queriesInTurn = new ArrayList<>();
            for (QueryEntry query : tenant.queries) {
                if (query.hasQueued()) {
                    queriesInTurn.add(query);
                }
            }
            queriesInTurn.sort(QUERY_TURN);
            for (QueryEntry query : queriesInTurn) {
                if (placeOneOf(query, place)) {
                    turn++;
                    query.lastServed = turn;
                    tenant.lastServed = turn;
                    return true;
                }
            }
        }
        return false;
    }

    private boolean placeOneOf(QueryEntry query, Predicate<WorkItem> place) {
        Optional<WorkItem> placed = Stream.concat(
                        query.returned.stream(), query.fresh.stream().limit(1))
                .filter(place)
                .findFirst();
        placed.ifPresent(item -> {
            if (!query.returned.remove(item)) {
                query.fresh.removeFirst();
            }
            size--;
        });
        return placed.isPresent();
    }
}
