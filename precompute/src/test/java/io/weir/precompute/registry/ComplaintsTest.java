package io.weir.precompute.registry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What the log says again and what not. */
class ComplaintsTest {
    private static final long NOW = -5;

    private final Complaints complaints = new Complaints();

    @Test
    void eachSubjectIsNamedOnceAnHour() {
        assertThat(complaints.isDue("a", NOW)).isTrue();
        assertThat(complaints.isDue("a", NOW + Complaints.INTERVAL_NANOS - 1)).isFalse();
        assertThat(complaints.isDue("b", NOW + Complaints.INTERVAL_NANOS - 1)).isTrue();
        assertThat(complaints.isDue("a", NOW + Complaints.INTERVAL_NANOS)).isTrue();
    }

    @Test
    void manySubjectsNeitherFillTheMemoryNorSilenceTheLogForGood() {
        for (int i = 0; i < Complaints.SUBJECTS_MAX; i++) {
            assertThat(complaints.isDue("job-" + i, NOW)).isTrue();
        }
        assertThat(complaints.isDue("another", NOW)).isFalse();
        assertThat(complaints.isDue("another", NOW + Complaints.INTERVAL_NANOS)).isTrue();
    }
}
