package io.weir.eventstats.feed;

import static io.weir.eventstats.feed.TestingQueries.advanced;
import static io.weir.eventstats.feed.TestingQueries.asked;
import static io.weir.eventstats.feed.TestingQueries.done;
import static io.weir.eventstats.feed.TestingQueries.firstResult;
import static io.weir.eventstats.feed.TestingQueries.queued;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.feed.Backlog.Dropped;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Ended;
import io.weir.queryapi.spi.QueryEvent.Phase;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BacklogTest {
    private static final long MUCH = 1L << 30;

    @Test
    void laterStatesReplaceEarlierOnes() {
        Backlog backlog = new Backlog(10, MUCH);
        AskedQuery query = asked("up");
        backlog.add(queued(query));
        backlog.add(advanced(query, 3, Phase.EVALUATING));
        backlog.add(advanced(query, 2, Phase.WORKING));
        assertThat(backlog.size()).isEqualTo(1);
        Unwritten entry = backlog.take(10).getFirst();
        assertThat(entry.firstResult()).isNull();
        assertThat(entry.latest()).isEqualTo(advanced(query, 3, Phase.EVALUATING));
        assertThat(backlog.bytes()).isZero();
    }

    @Test
    void theEndBeatsAllAndWhatHappenedOnTheWayIsKept() {
        Backlog backlog = new Backlog(10, MUCH);
        AskedQuery query = asked("up");
        backlog.add(queued(query));
        backlog.add(firstResult(query, 4));
        backlog.add(done(query, 5));
        backlog.add(advanced(query, 6, Phase.WORKING));
        Unwritten entry = backlog.take(10).getFirst();
        assertThat(entry.firstResult()).isEqualTo(firstResult(query, 4));
        assertThat(entry.latest()).isEqualTo(done(query, 5));
        assertThat(entry.events()).isEqualTo(1);
    }

    @Test
    void whatWasTakenIsNotToldTwice() {
        Backlog backlog = new Backlog(10, MUCH);
        AskedQuery query = asked("up");
        backlog.add(queued(query));
        backlog.take(10);
        backlog.add(done(query, 5));
        Unwritten entry = backlog.take(10).getFirst();
        assertThat(entry.firstResult()).isNull();
    }

    @Test
    void runningQueriesGoBeforeEnds() {
        Backlog backlog = new Backlog(2, MUCH);
        AskedQuery ended = asked("ended");
        AskedQuery running = asked("running");
        AskedQuery next = asked("next");
        backlog.add(done(ended, 5));
        backlog.add(queued(running));
        assertThat(backlog.add(queued(next))).as("the older of those that run").isEqualTo(new Dropped(1, 0, 0));
        assertThat(backlog.add(done(asked("other"), 5))).isEqualTo(new Dropped(1, 0, 0));
        assertThat(backlog.add(queued(asked("late"))))
                .as("no end goes for one that runs")
                .isEqualTo(new Dropped(1, 0, 0));
        assertThat(backlog.add(done(asked("last"), 5)))
                .as("the oldest end goes for a new one")
                .isEqualTo(new Dropped(1, 0, 1));
        assertThat(backlog.take(10).stream().map(entry -> entry.query().text())).containsExactly("other", "last");
    }

    @Test
    void aKnownQueryNeedsNoRoom() {
        Backlog backlog = new Backlog(1, MUCH);
        AskedQuery query = asked("up");
        backlog.add(queued(query));
        assertThat(backlog.add(advanced(query, 2, Phase.WORKING))).isEqualTo(Dropped.NONE);
        assertThat(backlog.add(done(query, 3))).isEqualTo(Dropped.NONE);
        assertThat(backlog.take(1).getFirst().latest()).isEqualTo(done(query, 3));
    }

    @Test
    void memoryIsBoundedToo() {
        Backlog backlog = new Backlog(1_000, 50_000);
        for (int i = 0; i < 100; i++) {
            backlog.add(queued(asked("x".repeat(1_000))));
            assertThat(backlog.bytes()).isLessThanOrEqualTo(50_000);
        }
        assertThat(backlog.size()).isBetween(10, 17);
        int size = backlog.size();
        assertThat(backlog.add(queued(asked("x".repeat(50_000))))).isEqualTo(new Dropped(1, 0, 0));
        assertThat(backlog.size()).as("what can never fit takes no place").isEqualTo(size);
    }

    /** Whatever comes in whatever order: the bounds hold, ends are lost last, and each event is either kept or counted. */
    @Test
    void randomEventsAreKeptOrCounted() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int jobsMax = 1 + random.nextInt(20);
            Backlog backlog = new Backlog(jobsMax, MUCH);
            List<AskedQuery> queries = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                queries.add(asked("q" + i));
            }
            List<QueryEvent> events = new ArrayList<>();
            for (AskedQuery query : queries) {
                events.add(queued(query));
                events.add(done(query, 5));
            }
            Collections.shuffle(events, random);
            Map<AskedQuery, Integer> endsIn = new HashMap<>();
            Set<AskedQuery> endsOut = new HashSet<>();
            int dropped = 0;
            for (QueryEvent event : events) {
                if (event instanceof Ended) {
                    endsIn.merge(event.query(), 1, Integer::sum);
                }
                dropped += backlog.add(event).history();
                assertThat(backlog.size()).as("seed=" + seed).isLessThanOrEqualTo(jobsMax);
                if (random.nextInt(4) == 0) {
                    take(backlog, random.nextInt(4), endsOut);
                }
            }
            take(backlog, 1_000, endsOut);
            assertThat(endsOut.size() + dropped).as("seed=" + seed).isEqualTo(endsIn.size());
            assertThat(backlog.bytes()).as("seed=" + seed).isZero();
        }
    }

    private static void take(Backlog backlog, int max, Set<AskedQuery> ends) {
        backlog.take(max).stream().filter(Unwritten::hasEnded).forEach(entry -> ends.add(entry.query()));
    }
}
