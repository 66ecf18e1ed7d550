package io.weir.precompute.source.lake;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.precompute.source.lake.GranuleBlocks.Block;
import io.weir.precompute.source.lake.GranuleBlocks.Id;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.sketch.DdSketch;
import io.weir.sketch.Sketch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which granules of a window are merged ahead, and that what is merged is what is in them. */
final class GranuleBlocksTest {
    private static final long LENGTH = 10_000;
    private static final int COUNT = 30;
    private static final int BLOCK = 5;

    private final Map<Id, Block> kept = new HashMap<>();

    private static GranuleSketches granule(int index) {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        sketch.add(index + 1);
        return GranuleSketches.of(Set.of("segment"), Map.of(Labels.of("a", Integer.toString(index % 2)), sketch));
    }

    private static Granules granules(int first) {
        return new Granules((first + 1) * LENGTH, LENGTH, COUNT);
    }

    private GranuleBlocks of(int first, List<GranuleSketches> window, Set<Long> fresh) {
        GranuleBlocks blocks =
                GranuleBlocks.of(granules(first), window, fresh, id -> Optional.ofNullable(kept.get(id)));
        kept.putAll(blocks.made());
        assertThat(count(blocks.pieces())).isEqualTo(count(window));
        return blocks;
    }

    private static double count(List<GranuleSketches> pieces) {
        return pieces.stream()
                .flatMap(piece -> piece.sketches().values().stream())
                .mapToDouble(sketch -> ((DdSketch) sketch).count())
                .sum();
    }

    @Test
    void aWindowThatMovesIsMadeOfBlocksAndTheGranulesAtItsEnds() {
        List<GranuleSketches> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            all.add(granule(i));
        }
        assertThat(of(0, all.subList(0, COUNT), Set.of()).made()).hasSize(5);
        for (int first = 1; first < 70; first++) {
            Set<Long> newest = Set.of(granules(first).untilMillis());
            GranuleBlocks blocks = of(first, all.subList(first, first + COUNT), newest);
            assertThat(blocks.made())
                    .as("one for each block that the window moves")
                    .hasSizeLessThanOrEqualTo(1);
            assertThat(blocks.pieces()).hasSizeLessThanOrEqualTo(COUNT / BLOCK + 2 * BLOCK);
            for (Block block : blocks.made().values()) {
                assertThat(block.merged().sketches()).hasSize(2);
            }
        }
    }

    @Test
    void aBlockWithAnotherGranuleInItIsMadeAnewOnceThatIsNotFresh() {
        List<GranuleSketches> window = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            window.add(granule(i));
        }
        of(0, window, Set.of());
        assertThat(of(0, window, Set.of()).made()).isEmpty();
        Sketch before = window.get(12).sketches().values().iterator().next();
        GranuleSketches late = granule(12);
        ((DdSketch) late.sketches().values().iterator().next()).add(7);
        assertThat(before).isNotEqualTo(late);
        window.set(12, late);
        GranuleBlocks changed = of(0, window, Set.of(13 * LENGTH));
        assertThat(changed.made()).isEmpty();
        assertThat(changed.pieces()).as("its block's granules, one by one").contains(late);
        GranuleBlocks after = of(0, window, Set.of());
        assertThat(after.made()).hasSize(1);
        assertThat(after.pieces()).doesNotContain(late);
    }

    @Test
    void fewGranulesStayAsTheyAre() {
        List<GranuleSketches> window = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            window.add(granule(i));
        }
        GranuleBlocks blocks =
                GranuleBlocks.of(new Granules(LENGTH, LENGTH, 8), window, Set.of(), id -> Optional.empty());
        assertThat(blocks.pieces()).isEqualTo(window);
        assertThat(blocks.made()).isEmpty();
    }
}
