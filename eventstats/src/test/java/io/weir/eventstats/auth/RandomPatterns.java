package io.weir.eventstats.auth;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Random patterns, nearly all of the common language of both engines, and values that are likely to match them. */
final class RandomPatterns {
    private static final String LETTERS = "abAB01_ é😀ß";
    private static final String ESCAPED = ".[](){}*+?|^$\\-/:#~\"'<>=!,;&%@`_";

    private final SplittableRandom random;

    RandomPatterns(SplittableRandom random) {
        this.random = random;
    }

    String pattern() {
        StringBuilder text = new StringBuilder();
        if (random.nextInt(8) == 0) {
            text.append('^');
        }
        alternatives(text, 3);
        if (random.nextInt(8) == 0) {
            text.append('$');
        }
        return text.toString();
    }

    private void alternatives(StringBuilder text, int depth) {
        int branches = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 1;
        for (int i = 0; i < branches; i++) {
            if (i > 0) {
                text.append('|');
            }
            int atoms = random.nextInt(4);
            for (int j = 0; j < atoms; j++) {
                atom(text, depth);
                repetition(text);
            }
        }
    }

    private void atom(StringBuilder text, int depth) {
        switch (random.nextInt(depth == 0 ? 5 : 7)) {
            case 0 -> text.append('.');
            case 1 -> text.append('\\').append(ESCAPED.charAt(random.nextInt(ESCAPED.length())));
            case 2 -> bracket(text);
            case 3, 4 -> text.append(letter());
            default -> {
                text.append(random.nextBoolean() ? "(" : "(?:");
                alternatives(text, depth - 1);
                text.append(')');
            }
        }
    }

    private void bracket(StringBuilder text) {
        text.append(random.nextInt(3) == 0 ? "[^" : "[");
        if (random.nextInt(8) == 0) {
            text.append('-');
        }
        int members = 1 + random.nextInt(3);
        for (int i = 0; i < members; i++) {
            switch (random.nextInt(4)) {
                case 0 -> text.append(random.nextBoolean() ? "a-b" : random.nextBoolean() ? "A-Z" : "0-5");
                case 1 -> text.append('\\').append(ESCAPED.charAt(random.nextInt(ESCAPED.length())));
                default -> text.append(letter());
            }
        }
        text.append(random.nextInt(8) == 0 ? "-]" : "]");
    }

    private void repetition(StringBuilder text) {
        switch (random.nextInt(12)) {
            case 0 -> text.append('*');
            case 1 -> text.append('+');
            case 2 -> text.append('?');
            case 3 -> text.append('{').append(random.nextInt(4)).append('}');
            case 4 -> text.append('{').append(random.nextInt(3)).append(",}");
            case 5 -> {
                int least = random.nextInt(3);
                text.append('{')
                        .append(least)
                        .append(',')
                        .append(least + random.nextInt(3))
                        .append('}');
            }
            default -> {}
        }
    }

    private String letter() {
        int[] points = LETTERS.codePoints().toArray();
        return Character.toString(points[random.nextInt(points.length)]);
    }

    /** Texts of the pattern's own characters, and of others; line breaks among them. */
    List<String> values(String pattern, int count) {
        List<Integer> alphabet = new ArrayList<>();
        pattern.codePoints().filter(Character::isLetterOrDigit).forEach(alphabet::add);
        (LETTERS + "\n\r.-]\\^zZ9").codePoints().forEach(alphabet::add);
        List<String> values = new ArrayList<>(List.of("", "a", "\n", pattern));
        while (values.size() < count) {
            StringBuilder value = new StringBuilder();
            int length = random.nextInt(5);
            for (int i = 0; i < length; i++) {
                value.appendCodePoint(alphabet.get(random.nextInt(alphabet.size())));
            }
            values.add(value.toString());
        }
        return values;
    }
}
