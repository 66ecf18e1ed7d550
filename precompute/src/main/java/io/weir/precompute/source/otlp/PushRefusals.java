package io.weir.precompute.source.otlp;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What of a request was not taken, and why: counts by cause and the first messages. For one thread. */
final class PushRefusals {
    private static final int MESSAGES_MAX = 5;

    /** Why a point was not taken. */
    enum Refusal {
        /** No sketch at all. */
        PLAIN,
        /** Against the contract of pushes: times, encoding, attributes. */
        CONTRACT,
        /** Bytes that are no sketch we read. */
        UNREADABLE,
        /** A number of a series in place of its attributes. */
        SERIES_ID,
        /** A change of a sketch whose state before is not known. */
        AWAITING_CHECKPOINT,
        /** The store did not take it: a limit, or it overlaps what is known. */
        NOT_STORED
    }

    private final Map<Refusal, Long> counts = new EnumMap<>(Refusal.class);
    private final List<String> messages = new ArrayList<>();

    void add(Refusal refusal, long points, String message) {
        if (points == 0) {
            return;
        }
        counts.merge(refusal, points, Long::sum);
        if (messages.size() < MESSAGES_MAX && !messages.contains(message)) {
            messages.add(message);
        }
    }

    long count() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    long count(Refusal refusal) {
        return counts.getOrDefault(refusal, 0L);
    }

    /** Whether sending the same again can never help. */
    boolean isContractOnly() {
        return count() > 0 && count() == count(Refusal.CONTRACT) + count(Refusal.UNREADABLE);
    }

    String describe() {
        return String.join("; ", messages);
    }
}
