package io.weir.precompute.source.pushed;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.precompute.source.pushed.PushedCoverage.Span;
import java.util.List;
import org.junit.jupiter.api.Test;

class PushedCoverageTest {
    private static double share(boolean isNew, long... borders) {
        List<Span> spans = new java.util.ArrayList<>();
        for (int i = 0; i < borders.length; i += 2) {
            spans.add(new Span(borders[i], borders[i + 1]));
        }
        return PushedCoverage.share(spans, 1_000, 2_000, 500, isNew);
    }

    @Test
    void spansThatFollowEachOtherCover() {
        assertThat(share(false, 1_000, 1_500, 1_500, 2_000)).isEqualTo(1);
        assertThat(share(false, 1_500, 2_000, 1_000, 1_500)).isEqualTo(1);
        assertThat(share(false, 1_000, 2_000, 1_000, 2_000)).isEqualTo(1);
    }

    @Test
    void intervalsNeedNotEndWhereTicksAre() {
        assertThat(share(false, 700, 1_200, 1_200, 1_700)).isEqualTo(1);
        // The next was due before the tick, so it is missing.
        assertThat(share(false, 700, 1_200, 1_200, 1_500)).isEqualTo(0.5);
    }

    @Test
    void aHoleALateBeginningAndAnEarlyEndAreNotCovered() {
        assertThat(share(false, 1_000, 1_200, 1_600, 2_000)).isEqualTo(0.6);
        assertThat(share(false, 1_500, 2_000)).isEqualTo(0.5);
        assertThat(share(false, 1_000, 1_250)).isEqualTo(0.25);
        assertThat(share(false)).isZero();
    }

    @Test
    void aSenderThatIsNewIsMissingNothingBefore() {
        assertThat(share(true, 1_500, 2_000)).isEqualTo(1);
        assertThat(share(true, 1_500, 1_600)).isLessThan(1);
    }

    @Test
    void aSketchOfMuchMoreThanTheWindowIsNoPartOfIt() {
        assertThat(share(false, 0, 2_000)).isZero();
    }
}
