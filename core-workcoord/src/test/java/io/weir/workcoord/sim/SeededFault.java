package io.weir.workcoord.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * A mistake somebody could make in the core: text to be replaced in one of its sources. The simulator has to find it.
 *
 * @param file below the sources of io.weir.workcoord
 */
record SeededFault(String why, String file, List<Edit> edits) {
    /** The text, which occurs once, and what takes its place. */
    record Edit(String find, String replace) {}

    /** @param findsAndReplaces pairs of texts */
    static SeededFault of(String why, String file, String... findsAndReplaces) {
        List<Edit> edits = new ArrayList<>();
        for (int i = 0; i < findsAndReplaces.length; i += 2) {
            edits.add(new Edit(findsAndReplaces[i], findsAndReplaces[i + 1]));
        }
        return new SeededFault(why, file, List.copyOf(edits));
    }

    /** @throws IllegalArgumentException if a text does not occur exactly once: the core has changed, change the fault */
    String applyTo(String source) {
        String mutated = source;
        for (Edit edit : edits) {
            int at = mutated.indexOf(edit.find);
            if (at < 0 || mutated.indexOf(edit.find, at + 1) >= 0) {
                throw new IllegalArgumentException(
                        "\"" + why + "\" does not apply to " + file + ": exactly one of\n" + edit.find);
            }
            mutated = mutated.substring(0, at) + edit.replace + mutated.substring(at + edit.find.length());
        }
        return mutated;
    }
}
