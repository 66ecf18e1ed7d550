package io.weir.workcoord.coordinator;

import java.util.ArrayList;
import java.util.List;

/** A tenant with running queries. */
final class TenantEntry {
    final String name;
    final List<QueryEntry> queries = new ArrayList<>();
    int inFlight;
    long lastServed;

    TenantEntry(String name, long turn) {
        this.name = name;
        this.lastServed = turn;
    }
}
