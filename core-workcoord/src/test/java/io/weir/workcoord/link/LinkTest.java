package io.weir.workcoord.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class LinkTest {
    private static final LinkLimits LIMITS = new LinkLimits(100, 1_000, 500);
    private static final String MESSAGE = "why";

    private final AtomicLong sessions = new AtomicLong();
    private double jitter = 1.0;
    private long now;
    private Link link = fresh();

    private Link fresh() {
        return new Link(LIMITS, sessions::incrementAndGet, () -> jitter, now);
    }

    private List<LinkEffect> handle(LinkEvent event) {
        return link.handle(event, now);
    }

    private List<LinkEffect> tick() {
        return handle(new LinkEvent.Tick());
    }

    private LinkEvent ended() {
        return new LinkEvent.Ended(link.session(), LinkProblem.CONNECTION_LOST, MESSAGE);
    }

    private LinkEvent hello() {
        return new LinkEvent.HelloReceived(link.session());
    }

    /** A link brought to a state by the shortest way. */
    private void bring(LinkState state) {
        link = fresh();
        if (state != LinkState.WAITING) {
            tick();
        }
        if (state.isOpen()) {
            handle(hello());
        }
        if (state == LinkState.LEAVING) {
            handle(new LinkEvent.Unlisted());
        }
        if (state == LinkState.CLOSED) {
            handle(new LinkEvent.Close());
        }
        assertThat(link.state()).isEqualTo(state);
    }

    private long waitMillis() {
        return link.nextTimerMillis() - now;
    }

    @Test
    void theFirstDialIsAtOnceAndEveryFailureDoublesTheWaitUpToTheLongest() {
        assertThat(waitMillis()).isZero();
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            assertThat(tick()).containsExactly(new LinkEffect.Dial(i + 1));
            handle(ended());
            waits.add(waitMillis());
            now = link.nextTimerMillis() - 1;
            assertThat(tick()).as("too early").isEmpty();
            now++;
        }
        assertThat(waits).containsExactly(100L, 200L, 400L, 800L, 1_000L, 1_000L);
    }

    @Test
    void theJitterTakesUpToHalfOfTheWait() {
        jitter = 0;
        tick();
        handle(ended());
        assertThat(waitMillis()).isEqualTo(50);
        now = link.nextTimerMillis();
        jitter = 0.5;
        tick();
        handle(ended());
        assertThat(waitMillis()).isEqualTo(150);
    }

    @Test
    void onlyAStreamThatLastedStartsAgainWithTheShortestWait() {
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            tick();
            handle(hello());
            now += LIMITS.backoffMillisMax();
            handle(ended());
            waits.add(waitMillis());
            now = link.nextTimerMillis();
        }
        assertThat(waits).containsExactly(100L, 200L, 400L, 800L);
        tick();
        handle(hello());
        assertThat(link.nextTimerMillis()).isEqualTo(Long.MAX_VALUE);
        now += LIMITS.backoffMillisMax() + 1;
        handle(ended());
        assertThat(waitMillis()).isEqualTo(100);
    }

    @Test
    void aPeerWithoutHelloIsGivenUpAtTheLimit() {
        tick();
        assertThat(waitMillis()).isEqualTo(500);
        now += 499;
        assertThat(tick()).isEmpty();
        now++;
        String message = "no hello within 500 ms";
        assertThat(tick())
                .containsExactly(
                        new LinkEffect.HangUp(1, LinkProblem.NO_HELLO, message),
                        new LinkEffect.Report(LinkProblem.NO_HELLO, message));
        assertThat(link.wasLost()).isFalse();
    }

    @Test
    void aLostStreamIsToldAndTheNextOneSaysHowLongItTook() {
        now = 50;
        tick();
        assertThat(handle(hello())).containsExactly(new LinkEffect.Opened(1));
        assertThat(handle(ended()))
                .containsExactly(
                        new LinkEffect.Lost(1, LinkProblem.CONNECTION_LOST, MESSAGE, false),
                        new LinkEffect.Report(LinkProblem.CONNECTION_LOST, MESSAGE));
        assertThat(link.wasLost()).isTrue();
        now += 100;
        tick();
        now += 7;
        assertThat(handle(hello())).containsExactly(new LinkEffect.Opened(2), new LinkEffect.Reconnected(107));
    }

    @Test
    void whatTheSchedulerDropsIsHungUpAndNotToldBack() {
        tick();
        handle(hello());
        assertThat(handle(new LinkEvent.Dropped(1, LinkProblem.SILENT, MESSAGE)))
                .containsExactly(
                        new LinkEffect.HangUp(1, LinkProblem.SILENT, MESSAGE),
                        new LinkEffect.Lost(1, LinkProblem.SILENT, MESSAGE, true),
                        new LinkEffect.Report(LinkProblem.SILENT, MESSAGE));
    }

    @Test
    void anotherVersionIsCountedEachTimeReportedOnceAndTriedSeldom() {
        for (int i = 1; i <= 5; i++) {
            tick();
            List<LinkEffect> effects = handle(new LinkEvent.WrongVersion(i, MESSAGE));
            assertThat(effects).contains(new LinkEffect.VersionMismatch());
            assertThat(effects).filteredOn(LinkEffect.Report.class::isInstance).hasSize(i == 1 ? 1 : 0);
            assertThat(waitMillis()).isEqualTo(LIMITS.backoffMillisMax());
            assertThat(handle(new LinkEvent.WrongVersion(i, MESSAGE)))
                    .as("again")
                    .isEmpty();
            now = link.nextTimerMillis();
        }
    }

    @Test
    void aProblemIsReportedWhenItChangesAndALossAlways() {
        List<String> reports = new ArrayList<>();
        for (String message : List.of("a", "a", "b", "b", "a")) {
            tick();
            for (LinkEffect effect :
                    handle(new LinkEvent.Ended(link.session(), LinkProblem.CONNECTION_LOST, message))) {
                reports.add(((LinkEffect.Report) effect).message());
            }
            now = link.nextTimerMillis();
        }
        assertThat(reports).containsExactly("a", "b", "a");
        tick();
        handle(hello());
        assertThat(handle(new LinkEvent.Ended(link.session(), LinkProblem.CONNECTION_LOST, "a")))
                .contains(new LinkEffect.Report(LinkProblem.CONNECTION_LOST, "a"));
    }

    @Test
    void anIdentityThatIsTakenIsReportedOnceThoughTheStreamComesUpEachTime() {
        int reports = 0;
        for (int i = 0; i < 5; i++) {
            tick();
            handle(hello());
            List<LinkEffect> effects =
                    handle(new LinkEvent.Dropped(link.session(), LinkProblem.DUPLICATE_IDENTITY, "taken"));
            reports += (int)
                    effects.stream().filter(LinkEffect.Report.class::isInstance).count();
            now = link.nextTimerMillis();
        }
        assertThat(reports).isEqualTo(1);
        tick();
        handle(hello());
        assertThat(handle(new LinkEvent.Dropped(link.session(), LinkProblem.TOO_MANY_PEERS, "many")))
                .contains(new LinkEffect.Report(LinkProblem.TOO_MANY_PEERS, "many"));
    }

    @Test
    void aSecondHelloBreaksTheProtocolWhileOpen() {
        for (LinkState state : List.of(LinkState.OPEN, LinkState.LEAVING)) {
            bring(state);
            assertThat(handle(hello()))
                    .contains(
                            new LinkEffect.HangUp(link.session(), LinkProblem.BROKEN_PROTOCOL, "it said hello twice"));
        }
        bring(LinkState.CONNECTING);
        handle(ended());
        assertThat(handle(hello())).as("late").isEmpty();
    }

    @Test
    void anUnlistedPeerKeepsItsStreamAndIsNotDialledAfterIt() {
        bring(LinkState.OPEN);
        long session = link.session();
        assertThat(handle(new LinkEvent.Unlisted())).isEmpty();
        assertThat(link.state()).isEqualTo(LinkState.LEAVING);
        assertThat(handle(new LinkEvent.Unlisted())).isEmpty();
        assertThat(handle(new LinkEvent.Ended(session, LinkProblem.PEER_ENDED, MESSAGE)))
                .containsExactly(
                        new LinkEffect.Lost(session, LinkProblem.PEER_ENDED, MESSAGE, false),
                        new LinkEffect.Report(LinkProblem.PEER_ENDED, MESSAGE),
                        new LinkEffect.Closed(LinkProblem.UNLISTED));
        assertThat(link.nextTimerMillis()).isEqualTo(Long.MAX_VALUE);
        assertThat(tick()).isEmpty();
    }

    @Test
    void aPeerThatIsListedAgainIsDialledAgainAfterItsStream() {
        bring(LinkState.LEAVING);
        assertThat(handle(new LinkEvent.Listed())).isEmpty();
        assertThat(link.state()).isEqualTo(LinkState.OPEN);
        handle(ended());
        assertThat(link.state()).isEqualTo(LinkState.WAITING);
    }

    @Test
    void anUnlistedPeerWithoutAStreamIsForgotten() {
        bring(LinkState.WAITING);
        assertThat(handle(new LinkEvent.Unlisted())).containsExactly(new LinkEffect.Closed(LinkProblem.UNLISTED));
        bring(LinkState.CONNECTING);
        assertThat(handle(new LinkEvent.Unlisted()))
                .containsExactly(
                        new LinkEffect.HangUp(link.session(), LinkProblem.UNLISTED, "no longer listed"),
                        new LinkEffect.Closed(LinkProblem.UNLISTED));
    }

    @Test
    void anotherSessionsMessagesAreIgnoredInEveryState() {
        for (LinkState state : LinkState.values()) {
            bring(state);
            long other = link.session() + 1;
            for (LinkEvent event : List.of(
                    new LinkEvent.HelloReceived(other),
                    new LinkEvent.WrongVersion(other, MESSAGE),
                    new LinkEvent.BrokenProtocol(other, MESSAGE),
                    new LinkEvent.Ended(other, LinkProblem.CONNECTION_LOST, MESSAGE),
                    new LinkEvent.Dropped(other, LinkProblem.SILENT, MESSAGE))) {
                assertThat(handle(event)).as("%s in %s", event, state).isEmpty();
                assertThat(link.state()).isEqualTo(state);
            }
        }
    }

    /** Every state with every event of the link's own session: the state after it, and the kinds of effects. */
    @Test
    void everyStateWithEveryEvent() {
        Map<LinkState, String> table = new EnumMap<>(LinkState.class);
        for (LinkState state : LinkState.values()) {
            List<String> cells = new ArrayList<>();
            for (int kind = 0; kind < 9; kind++) {
                bring(state);
                LinkEvent event = event(kind, link.session());
                if (state == LinkState.CLOSED && event instanceof LinkEvent.Listed) {
                    assertThatThrownBy(() -> handle(event)).isInstanceOf(IllegalStateException.class);
                    cells.add("!");
                } else {
                    Set<String> kinds = new TreeSet<>();
                    handle(event).forEach(effect -> kinds.add(effect.getClass().getSimpleName()));
                    cells.add(
                            link.state() + String.join("+", kinds).transform(text -> text.isEmpty() ? "" : ":" + text));
                }
            }
            table.put(state, String.join(" ", cells));
        }
        assertThat(table)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        LinkState.WAITING,
                        "WAITING WAITING WAITING WAITING WAITING WAITING CLOSED:Closed CLOSED:Closed CONNECTING:Dial",
                        LinkState.CONNECTING,
                        "OPEN:Opened WAITING:HangUp+Report+VersionMismatch WAITING:HangUp+Report WAITING:Report"
                            + " WAITING:HangUp+Report CONNECTING CLOSED:Closed+HangUp CLOSED:Closed+HangUp CONNECTING",
                        LinkState.OPEN,
                        "WAITING:HangUp+Lost+Report WAITING:HangUp+Lost+Report+VersionMismatch"
                            + " WAITING:HangUp+Lost+Report WAITING:Lost+Report WAITING:HangUp+Lost+Report OPEN LEAVING"
                            + " CLOSED:Closed+HangUp+Lost OPEN",
                        LinkState.LEAVING,
                        "CLOSED:Closed+HangUp+Lost+Report CLOSED:Closed+HangUp+Lost+Report+VersionMismatch"
                                + " CLOSED:Closed+HangUp+Lost+Report CLOSED:Closed+Lost+Report"
                                + " CLOSED:Closed+HangUp+Lost+Report OPEN LEAVING CLOSED:Closed+HangUp+Lost LEAVING",
                        LinkState.CLOSED,
                        "CLOSED CLOSED CLOSED CLOSED CLOSED ! CLOSED CLOSED CLOSED"));
    }

    private static LinkEvent event(int kind, long session) {
        return switch (kind) {
            case 0 -> new LinkEvent.HelloReceived(session);
            case 1 -> new LinkEvent.WrongVersion(session, MESSAGE);
            case 2 -> new LinkEvent.BrokenProtocol(session, MESSAGE);
            case 3 -> new LinkEvent.Ended(session, LinkProblem.CONNECTION_LOST, MESSAGE);
            case 4 -> new LinkEvent.Dropped(session, LinkProblem.SILENT, MESSAGE);
            case 5 -> new LinkEvent.Listed();
            case 6 -> new LinkEvent.Unlisted();
            case 7 -> new LinkEvent.Close();
            case 8 -> new LinkEvent.Tick();
            default -> throw new IllegalArgumentException("event " + kind);
        };
    }

    /** Whatever happens: sessions come up and go one at a time, each end is told once, and every wait is bounded. */
    @Test
    void anyOrderOfEventsKeepsTheSessionsInPairs() {
        long seed = Long.getLong("weir.seed", 20_261_121L);
        System.out.println("seed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        for (int run = 0; run < 2_000; run++) {
            jitter = random.nextDouble();
            link = fresh();
            Long open = null;
            for (int step = 0; step < 60 && link.state() != LinkState.CLOSED; step++) {
                now += random.nextInt(400);
                long session = random.nextInt(8) == 0 ? link.session() - 1 : link.session();
                int kind = random.nextInt(12) == 0 ? random.nextInt(8) : random.nextBoolean() ? 8 : random.nextInt(6);
                for (LinkEffect effect : handle(event(kind, session))) {
                    if (effect instanceof LinkEffect.Opened opened) {
                        assertThat(open).isNull();
                        open = opened.session();
                    } else if (effect instanceof LinkEffect.Lost lost) {
                        assertThat(open).isEqualTo(lost.session());
                        open = null;
                    }
                }
                assertThat(open != null).isEqualTo(link.state().isOpen());
                if (link.state() == LinkState.WAITING) {
                    assertThat(waitMillis()).isLessThanOrEqualTo(LIMITS.backoffMillisMax());
                }
            }
        }
    }

    @Test
    void limitsAreChecked() {
        assertThatThrownBy(() -> new LinkLimits(0, 1, 10)).hasMessageContaining("shortest dial back-off");
        assertThatThrownBy(() -> new LinkLimits(10, 9, 10)).hasMessageContaining("longest dial back-off");
        assertThatThrownBy(() -> new LinkLimits(10, 10, 9)).hasMessageContaining("hello limit");
        assertThat(LinkProblem.NO_HELLO.label()).isEqualTo("no_hello");
    }
}
