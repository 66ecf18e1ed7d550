package io.weir.eventstats.auth;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finds out who sent a request, from the token in its headers. */
@FunctionalInterface
public interface Authenticator {
    /**
     * Who sent a request; nothing but a token whose signature and claims were verified makes a caller. Verifies in memory; at most it waits, in
     * bounded time, for one read of the keys when the token's key is not known.
     *
     * @param header the first value of the header of a name, compared without regard to case; null if the request has none
     * @throws AuthenticationException if there is no token, or none that holds; its message is for the client; an
     *     answer with status 401 has the header {@code WWW-Authenticate: Bearer}
     */
    Caller authenticate(Function<String, @Nullable String> header) throws AuthenticationException;
}
