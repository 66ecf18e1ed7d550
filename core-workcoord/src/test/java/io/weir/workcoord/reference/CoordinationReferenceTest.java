package io.weir.workcoord.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.Transition;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.TaskState;
import io.weir.workcoord.agent.TaskTrigger;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import io.weir.workcoord.coordinator.WorkState;
import io.weir.workcoord.coordinator.WorkTrigger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/coordination.md} is what both ends do: every state with every trigger, every status with every message. Made from
 * the code; {@code -Dweir.docs.write=true} writes it anew. A new state, trigger or event fails here until the tables have it.
 */
final class CoordinationReferenceTest {
    private static final Path FILE = Path.of(System.getProperty("weir.root", ".."), "docs", "coordination.md");

    @Test
    void theTablesAreWhatTheCodeDoes() throws IOException {
        String expected = render();
        if (Boolean.getBoolean("weir.docs.write")) {
            Files.writeString(FILE, expected);
        }
        assertThat(Files.readString(FILE))
                .as("read what changed, run this test with -Dweir.docs.write=true, then commit docs/coordination.md")
                .isEqualTo(expected);
    }

    @Test
    void everyEventIsInATable() {
        assertThat(names(CoordinatorTable.events().values())).isEqualTo(Cells.kinds(CoordinatorEvent.class));
        assertThat(names(AgentTable.events().values())).isEqualTo(Cells.kinds(AgentEvent.class));
    }

    @Test
    void noMessageOfAnotherProcessIsEverIllegal() {
        for (CoordinatorTable.Status status : CoordinatorTable.Status.values()) {
            CoordinatorTable.events()
                    .forEach((name, event) -> assertThat(CoordinatorTable.cell(status, event))
                            .as("%s: %s", status, name)
                            .isNotEqualTo("illegal"));
        }
        for (AgentTable.Status status : AgentTable.Status.values()) {
            AgentTable.events().forEach((name, event) -> {
                if (event instanceof AgentEvent.OfSession) {
                    assertThat(AgentTable.cell(status, event))
                            .as("%s: %s", status, name)
                            .isNotEqualTo("illegal");
                }
            });
        }
    }

    private static Set<String> names(Collection<?> events) {
        Set<String> names = new TreeSet<>();
        events.forEach(event -> names.add(Cells.name(event)));
        return names;
    }

    private static String render() {
        return """
                # Coordination: what happens in every state

                Made from the code by `CoordinationReferenceTest`; do not edit. The two state machines are `WorkState` and `TaskState`; the tables of
                messages are what `Coordinator` and `WorkerAgent` do when each is tried. *Ignored*: nothing changes, because it is a duplicate of what
                was taken, late (what it is about is over), or pointless in that state. *Illegal*: cannot happen unless the program itself is broken; it
                stops with an error. Messages of another process are never illegal.

                ## An attempt at a piece of work, on the API's side

                """
                + table(
                        "trigger",
                        List.of(WorkTrigger.values()),
                        Enum::name,
                        List.of(WorkState.values()),
                        (trigger, state) -> cell(state.on(trigger)))
                + """

                ## A piece of work on the worker's side

                """
                + table(
                        "trigger",
                        List.of(TaskTrigger.values()),
                        Enum::name,
                        List.of(TaskState.values()),
                        (trigger, state) -> cell(state.on(trigger)))
                + """

                ## What the API does with messages of and about a worker, by the worker's status

                The only worker has three pieces of a query: "assigned" (not answered), "accepted" and "ready" (being fetched). In bold the worker's next
                status, then each piece that changes with its next state, then what is sent or asked for. When a worker stops accepting, "assigned" goes
                back to the queue at once; when it is lost, all three do.

                """
                + table(
                        "message",
                        List.copyOf(CoordinatorTable.events().keySet()),
                        Function.identity(),
                        List.of(CoordinatorTable.Status.values()),
                        (name, status) -> CoordinatorTable.cell(
                                status,
                                Objects.requireNonNull(CoordinatorTable.events().get(name))))
                + """

                ## What a worker does with messages of an API and with what happens to it, by its status

                The worker has one slot and three pieces of the API: "ready" (artifact waits to be fetched), "running" and "queued". A drain hands "queued"
                back; when the session is lost, "running" is told to stop and the others are gone; when it has drained, all are.

                """
                + table(
                        "message",
                        List.copyOf(AgentTable.events().keySet()),
                        Function.identity(),
                        List.of(AgentTable.Status.values()),
                        (name, status) -> AgentTable.cell(
                                status,
                                Objects.requireNonNull(AgentTable.events().get(name))));
    }

    private static <S extends Enum<S>> String cell(Transition<S> transition) {
        return switch (transition) {
            case Transition.Moves<S>(S to) -> "**" + to + "**";
            case Transition.Ignored<S>(Transition.Reason reason) ->
                "ignored (" + reason.name().toLowerCase(Locale.ROOT) + ")";
            case Transition.Illegal<S>() -> "illegal";
        };
    }

    private static <R, C extends Enum<C>> String table(
            String corner, List<R> rows, Function<R, String> rowName, List<C> columns, BiFunction<R, C, String> cell) {
        StringBuilder text = new StringBuilder("| " + corner + " |");
        columns.forEach(column -> text.append(' ').append(column).append(" |"));
        text.append("\n|---|").append("---|".repeat(columns.size())).append('\n');
        for (R row : rows) {
            text.append("| ").append(rowName.apply(row)).append(" |");
            columns.forEach(
                    column -> text.append(' ').append(cell.apply(row, column)).append(" |"));
            text.append('\n');
        }
        return text.toString();
    }
}
