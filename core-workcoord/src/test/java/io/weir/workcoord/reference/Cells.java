package io.weir.workcoord.reference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Words of the tables. */
final class Cells {
    static final String DUPLICATE = "ignored (duplicate)";
    static final String LATE = "ignored (late)";
    static final String POINTLESS = "ignored (pointless)";

    private Cells() {}

    /** "name=STATE" lines before and after as "name: STATE" for each that changed. */
    static List<String> changes(String before, String after) {
        Map<String, String> old = parse(before);
        Map<String, String> now = parse(after);
        List<String> changes = new ArrayList<>();
        for (Map.Entry<String, String> entry : old.entrySet()) {
            String state = now.getOrDefault(entry.getKey(), "gone");
            if (!state.equals(entry.getValue())) {
                changes.add("\"" + entry.getKey() + "\" " + state);
            }
        }
        for (Map.Entry<String, String> entry : now.entrySet()) {
            if (!old.containsKey(entry.getKey())) {
                changes.add("\"" + entry.getKey() + "\" " + entry.getValue());
            }
        }
        return changes;
    }

    private static Map<String, String> parse(String lines) {
        Map<String, String> states = new LinkedHashMap<>();
        lines.lines().forEach(line -> {
            int at = line.indexOf('=');
            states.put(line.substring(0, at), line.substring(at + 1));
        });
        return states;
    }

    static String name(Object effect) {
        return effect.getClass().getSimpleName();
    }

    /** The records of a sealed type, by name. */
    static Set<String> kinds(Class<?> sealed) {
        Set<String> names = new TreeSet<>();
        for (Class<?> kind : sealed.getPermittedSubclasses()) {
            if (kind.isSealed()) {
                names.addAll(kinds(kind));
            } else {
                names.add(kind.getSimpleName());
            }
        }
        return names;
    }
}
