package io.weir.workcoord;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Renders state x trigger as text, so that a test compares the whole machine with a table a person has checked. */
public final class TransitionTable {
    private TransitionTable() {}

    public static <S extends Enum<S>, T extends Enum<T>> String render(
            S[] states, T[] triggers, BiFunction<S, T, String> cell) {
        List<String> lines = new ArrayList<>();
        for (T trigger : triggers) {
            List<String> cells = new ArrayList<>();
            for (S state : states) {
                cells.add(state + ">" + cell.apply(state, trigger));
            }
            lines.add(trigger + ": " + String.join(" ", cells));
        }
        return String.join("\n", lines) + "\n";
    }
}
