package io.weir.eventstats.signal.stream;

/** So many streams are open already that no other is taken. */
public final class TooManyStreamsException extends Exception {
    private static final long serialVersionUID = 1L;

    TooManyStreamsException(int streamsMax) {
        super("all " + streamsMax
                + " streams of this process are in use (setting signal-streams-max); try again later");
    }
}
