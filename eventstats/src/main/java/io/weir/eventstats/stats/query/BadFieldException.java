package io.weir.eventstats.stats.query;

/** A field of a request's body that cannot be used; the message names it, for the client. Status 400. */
public final class BadFieldException extends Exception {
    private static final long serialVersionUID = 1L;

    public BadFieldException(String message) {
        super(message);
    }

    /** "Field 'x' " and what it must be. */
    public static BadFieldException of(String field, String must) {
        return new BadFieldException("Field '" + shown(field) + "' " + must);
    }

    /** A text of a request for a message: not longer than a line. */
    public static String shown(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }
}
