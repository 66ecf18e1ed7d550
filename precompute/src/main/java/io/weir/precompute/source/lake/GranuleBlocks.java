package io.weir.precompute.source.lake;

import io.weir.promql.labels.Labels;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.sketch.Sketch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A window in fewer pieces: neighbouring granules that do not change are merged once and not in every window that moves over them.
 *
 * <p>Of n granules, blocks of sqrt(n) leave about 2 sqrt(n) pieces to merge for a tick: 10 of 30, 37 of 360.
 *
 * @param pieces of the window, oldest first
 * @param made blocks that were not there before
 */
record GranuleBlocks(List<GranuleSketches> pieces, Map<Id, Block> made) {
    /** Fewer granules are merged as quickly as their blocks are looked for. */
    private static final int GRANULES_MIN = 9;

    /** @param count granules of the block; it ends with the last of them */
    record Id(int count, long endMillis) {}

    /** @param parts of which it was made: with others in their place it is not the block any more */
    record Block(List<GranuleSketches> parts, GranuleSketches merged) {
        private boolean isOf(List<GranuleSketches> others) {
            for (int i = 0; i < parts.size(); i++) {
                if (parts.get(i) != others.get(i)) {
                    return false;
                }
            }
            return true;
        }

        long bytes() {
            return merged.bytes();
        }
    }

    /**
     * A window by blocks.
     *
     * @param granules where the window's lie
     * @param window what is in each
     * @param fresh ends of those that were read just now: late samples may well change them again
     * @param known finds a block
     */
    static GranuleBlocks of(
            Granules granules, List<GranuleSketches> window, Set<Long> fresh, Function<Id, Optional<Block>> known) {
        int length = (int) Math.sqrt(granules.count());
        if (granules.count() < GRANULES_MIN) {
            return new GranuleBlocks(window, Map.of());
        }
        List<GranuleSketches> pieces = new ArrayList<>();
        Map<Id, Block> made = new HashMap<>();
        for (int at = 0; at < window.size(); ) {
            int end = at + length;
            boolean begins = Math.floorMod(granules.endMillis(at) / granules.lengthMillis(), length) == 0;
            if (!begins || end > window.size()) {
                pieces.add(window.get(at++));
                continue;
            }
            List<GranuleSketches> parts = List.copyOf(window.subList(at, end));
            Id id = new Id(length, granules.endMillis(end - 1));
            Optional<Block> block = known.apply(id).filter(it -> it.isOf(parts));
            if (block.isEmpty() && !anyFresh(granules, fresh, at, end)) {
                block = Optional.of(new Block(parts, merged(parts)));
                made.put(id, block.get());
            }
            block.ifPresentOrElse(it -> pieces.add(it.merged()), () -> pieces.addAll(parts));
            at = end;
        }
        return new GranuleBlocks(pieces, made);
    }

    private static boolean anyFresh(Granules granules, Set<Long> fresh, int from, int to) {
        for (int i = from; i < to; i++) {
            if (fresh.contains(granules.endMillis(i))) {
                return true;
            }
        }
        return false;
    }

    private static GranuleSketches merged(List<GranuleSketches> parts) {
        Map<Labels, Sketch> merged = new TreeMap<>();
        bySeries(parts).forEach((labels, sketches) -> merged.put(labels, Sketch.merged(sketches)));
        return GranuleSketches.of(Set.of(), merged);
    }

    /** The sketches of each series, oldest first. */
    static Map<Labels, List<Sketch>> bySeries(List<GranuleSketches> pieces) {
        Map<Labels, List<Sketch>> bySeries = new TreeMap<>();
        for (GranuleSketches piece : pieces) {
            piece.sketches()
                    .forEach((labels, sketch) -> bySeries.computeIfAbsent(labels, _ -> new ArrayList<>(pieces.size()))
                            .add(sketch));
        }
        return bySeries;
    }
}
