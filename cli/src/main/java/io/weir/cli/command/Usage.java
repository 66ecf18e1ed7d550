package io.weir.cli.command;

import java.net.URI;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Tells a wrong use of a command, which exits with 2, from a failure, which exits with 1. */
final class Usage {
    private Usage() {}

    /**
     * The value that a text on the command line stands for.
     *
     * @throws ParameterException with the message of the IllegalArgumentException that refused it
     */
    static <T> T read(CommandSpec command, Supplier<T> reading) {
        try {
            return reading.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    /** Refuses a use with a message that says what to write. */
    static void check(CommandSpec command, boolean isRight, String message) {
        if (!isRight) {
            throw new ParameterException(command.commandLine(), message);
        }
    }

    /** Refuses what is no server's URL. */
    static void server(CommandSpec command, URI url) {
        boolean isServer = ("http".equals(url.getScheme()) || "https".equals(url.getScheme())) && url.getHost() != null;
        check(command, isServer, "--url must be like http://127.0.0.1:8080, not '" + url + "'");
    }
}
