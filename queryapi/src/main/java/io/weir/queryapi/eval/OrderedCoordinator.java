package io.weir.queryapi.eval;

import io.weir.queryapi.workmanager.WorkManager.FetchedArtifact;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Collects the artifacts of one leaf's work, in whatever order they come, and hands out the leaf's groups in chronological order, each as
 * soon as it is complete and all earlier ones are handed out. A leaf with a window is one group. Not thread-safe.
 */
final class OrderedCoordinator {
    private final List<List<WorkUnit>> groups;
    private final Map<String, FetchedArtifact> fetched = new HashMap<>();
    private final Map<String, Integer> groupOfWork = new HashMap<>();
    private final int[] missing;
    private int next;

    OrderedCoordinator(List<List<WorkUnit>> groups) {
        this.groups = groups;
        missing = new int[groups.size()];
        for (int group = 0; group < groups.size(); group++) {
            missing[group] = groups.get(group).size();
            for (WorkUnit unit : groups.get(group)) {
                if (groupOfWork.put(unit.workId(), group) != null) {
                    throw new IllegalArgumentException("work id used twice: " + unit.workId());
                }
            }
        }
    }

    /** Takes an artifact; false if its work is unknown here or has one already, and the artifact stays the caller's. */
    boolean add(WorkUnit unit, FetchedArtifact artifact) {
        Integer group = groupOfWork.get(unit.workId());
        if (group == null || group < next || fetched.putIfAbsent(unit.workId(), artifact) != null) {
            return false;
        }
        missing[group]--;
        return true;
    }

    /** The artifacts of the next group in the order of its units, or null while some are missing. */
    @Nullable List<FetchedArtifact> poll() {
        if (next == groups.size() || missing[next] > 0) {
            return null;
        }
        List<FetchedArtifact> artifacts = new ArrayList<>();
        for (WorkUnit unit : groups.get(next)) {
            artifacts.add(Objects.requireNonNull(fetched.remove(unit.workId())));
        }
        next++;
        return artifacts;
    }

    /** The artifacts that were not handed out; forgets them. */
    List<FetchedArtifact> drain() {
        List<FetchedArtifact> rest = List.copyOf(fetched.values());
        fetched.clear();
        return rest;
    }
}
