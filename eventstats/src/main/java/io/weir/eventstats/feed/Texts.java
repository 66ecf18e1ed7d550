package io.weir.eventstats.feed;

/** Texts of clients as PostgreSQL can keep them. */
final class Texts {
    private static final char REPLACEMENT = '\uFFFD';

    private Texts() {}

    /** Cut to a length, and without what PostgreSQL has no place for: NUL and halves of surrogate pairs. */
    static String storable(String text, int charactersMax) {
        int length = Math.min(text.length(), charactersMax);
        StringBuilder kept = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            char character = text.charAt(i);
            if (Character.isHighSurrogate(character)
                    && i + 1 < length
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                kept.append(character).append(text.charAt(++i));
            } else if (character == 0 || Character.isSurrogate(character)) {
                kept.append(REPLACEMENT);
            } else {
                kept.append(character);
            }
        }
        return kept.toString();
    }
}
