package io.weir.eventstats.feed;

import static io.weir.eventstats.feed.TestingQueries.advanced;
import static io.weir.eventstats.feed.TestingQueries.asked;
import static io.weir.eventstats.feed.TestingQueries.done;
import static io.weir.eventstats.feed.TestingQueries.firstResult;
import static io.weir.eventstats.feed.TestingQueries.queued;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.WorkerCount;
import org.junit.jupiter.api.Test;

class OpenJobsTest {
    private static final WorkerCount SOME = new WorkerCount(2, 2);
    private static final WorkerCount NONE = new WorkerCount(2, 0);

    private final OpenJobs open = new OpenJobs(2);

    @Test
    void aQueryIsBlockedWhileNoWorkerAccepts() {
        AskedQuery query = asked("up");
        assertThat(open.update(Unwritten.of(advanced(query, 3, Phase.WORKING)), SOME)
                        .seq())
                .isEqualTo(3_000);
        assertThat(open.changed(SOME)).isEmpty();
        OpenJobs.Update blocked = open.changed(NONE).getFirst();
        assertThat(blocked.signal().kind()).isEqualTo(SignalKind.BLOCKED);
        assertThat(blocked.seq()).isEqualTo(3_001);
        assertThat(open.changed(NONE)).isEmpty();
        OpenJobs.Update again = open.changed(SOME).getFirst();
        assertThat(again.signal().kind()).isEqualTo(SignalKind.PHASE);
        assertThat(again.seq()).isEqualTo(3_002);
        OpenJobs.Update end = open.update(Unwritten.of(done(query, 4)), SOME);
        assertThat(end.seq()).isEqualTo(4_000);
        assertThat(end.wasBlocked()).isTrue();
        assertThat(open.size()).isZero();
    }

    @Test
    void whatChangesTooOftenStaysBelowItsNextEvent() {
        AskedQuery query = asked("up");
        open.update(Unwritten.of(advanced(query, 1, Phase.WORKING)), SOME);
        long last = 0;
        for (int i = 0; i < 3_000; i++) {
            for (OpenJobs.Update update : open.changed(i % 2 == 0 ? NONE : SOME)) {
                assertThat(update.seq()).isGreaterThan(last).isLessThan(2_000);
                last = update.seq();
            }
        }
        assertThat(last).isEqualTo(1_999);
    }

    @Test
    void aResultThatWasSentIsRemembered() {
        AskedQuery query = asked("up");
        open.update(Unwritten.of(firstResult(query, 4)), SOME);
        assertThat(open.update(Unwritten.of(advanced(query, 5, Phase.WORKING)), SOME)
                        .signal()
                        .phase())
                .isEqualTo(SignalPhase.REPORT);
    }

    @Test
    void theOldestIsForgottenFirst() {
        open.update(Unwritten.of(advanced(asked("a"), 1, Phase.WORKING)), SOME);
        open.update(Unwritten.of(advanced(asked("b"), 1, Phase.WORKING)), SOME);
        open.update(Unwritten.of(queued(asked("c"))), SOME);
        assertThat(open.size()).isEqualTo(2);
        assertThat(open.changed(NONE).stream().map(update -> update.query().text()))
                .containsExactly("b");
    }
}
