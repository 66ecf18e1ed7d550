package io.weir.eventstats.stats.registry;

/**
 * A piece of SQL.
 *
 * @param text as it stands in the source; for a parameter its name
 */
record SqlToken(Kind kind, String text) {
    enum Kind {
        /** White space or a comment. */
        SPACE,
        /** A string in quotes or dollars. */
        STRING,
        /** A name or keyword without quotes. */
        WORD,
        /** A name in double quotes. */
        QUOTED_NAME,
        /** {@code :name}. */
        PARAMETER,
        /** {@code $1}. */
        POSITION,
        /** Anything else, one character or {@code ::}. */
        SYMBOL
    }
}
