package io.weir.eventstats.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.signal.SignalKind;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.QueryEvent.Progress;
import io.weir.queryapi.spi.WorkerCount;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Every state of a query, with every event and every state of the workers, against a table. */
class SignalTest {
    private static final WorkerCount SOME = new WorkerCount(2, 1);
    private static final WorkerCount NONE_ACCEPTS = new WorkerCount(2, 0);
    private static final WorkerCount NONE = new WorkerCount(0, 0);
    private static final AskedQuery QUERY = TestingQueries.asked("up");

    private static String shown(Signal signal) {
        return signal.kind().text() + "/" + signal.phase().text();
    }

    @Test
    void whileAQueryRuns() {
        Map<Phase, String> expected = new EnumMap<>(Map.of(
                Phase.QUEUED, "queued/resolve",
                Phase.PLANNING, "started/resolve",
                Phase.WORKING, "phase/fetch",
                Phase.EVALUATING, "phase/analyze",
                Phase.SENDING, "phase/report"));
        for (WorkerCount workers : List.of(SOME, NONE_ACCEPTS, NONE)) {
            for (Phase phase : Phase.values()) {
                for (boolean sent : new boolean[] {false, true}) {
                    for (Progress progress :
                            List.of(Progress.NONE, new Progress(1, 2, 1, 5, false), new Progress(2, 2, 1, 9, false))) {
                        boolean workLeft = progress.unitsDone() < 2;
                        String want = expected.get(phase);
                        if (phase == Phase.WORKING && workers.accepting() == 0 && workLeft) {
                            want = "blocked/fetch";
                        } else if (sent && (phase == Phase.WORKING || phase == Phase.EVALUATING)) {
                            want = "phase/report";
                        }
                        Signal signal = Signal.of(new QueryEvent.Advanced(QUERY, 2, 9, phase, progress), sent, workers);
                        assertThat(shown(signal))
                                .as("%s sent %s %s %s", phase, sent, progress, workers)
                                .isEqualTo(want);
                        assertThat(signal.summary()).isNotBlank();
                    }
                }
            }
            for (boolean sent : new boolean[] {false, true}) {
                assertThat(shown(Signal.of(TestingQueries.queued(QUERY), sent, workers)))
                        .isEqualTo("queued/resolve");
                Signal waiting = Signal.of(new QueryEvent.Waiting(QUERY, 2, 9, 7), sent, workers);
                assertThat(shown(waiting)).isEqualTo("queued/resolve");
                assertThat(waiting.summary()).contains("number 7");
                assertThat(shown(Signal.of(TestingQueries.firstResult(QUERY, 3), sent, workers)))
                        .isEqualTo("phase/report");
            }
        }
    }

    @Test
    void whenItEnds() {
        Map<Phase, SignalPhase> phases = new EnumMap<>(Map.of(
                Phase.QUEUED, SignalPhase.RESOLVE,
                Phase.PLANNING, SignalPhase.RESOLVE,
                Phase.WORKING, SignalPhase.FETCH,
                Phase.EVALUATING, SignalPhase.ANALYZE,
                Phase.SENDING, SignalPhase.REPORT));
        for (Cause cause : Cause.values()) {
            for (Phase phase : Phase.values()) {
                for (WorkerCount workers : List.of(SOME, NONE_ACCEPTS, NONE)) {
                    Signal signal =
                            Signal.of(TestingQueries.ended(QUERY, 5, cause, phase, "the reason"), false, workers);
                    SignalKind kind = switch (cause) {
                        case DONE -> SignalKind.SUCCEEDED;
                        case CANCELED, CLIENT_GONE -> SignalKind.CANCELED;
                        case NO_WORKERS -> SignalKind.UNAVAILABLE;
                        default -> SignalKind.FAILED;
                    };
                    SignalPhase in = switch (cause) {
                        case DONE -> SignalPhase.REPORT;
                        case NO_WORKERS -> SignalPhase.FETCH;
                        case LIMIT, TOO_MANY_QUERIES -> SignalPhase.POLICY;
                        default -> phases.get(phase);
                    };
                    assertThat(signal.kind()).as("%s in %s", cause, phase).isEqualTo(kind);
                    assertThat(signal.phase()).as("%s in %s", cause, phase).isEqualTo(in);
                    assertThat(signal.kind().isTerminal()).isTrue();
                    assertThat(signal.summary().contains("the reason")).isEqualTo(cause != Cause.DONE);
                }
            }
        }
    }

    @Test
    void aBlockedQuerySaysWhatItWaitsFor() {
        QueryEvent working = TestingQueries.advanced(QUERY, 3, Phase.WORKING);
        assertThat(Signal.of(working, false, NONE).summary()).contains("none is connected");
        assertThat(Signal.of(working, false, NONE_ACCEPTS).summary()).contains("none of the 2 accepts work");
    }
}
