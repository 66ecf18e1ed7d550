package io.weir.eventstats.auth;

import io.weir.eventstats.auth.AuthenticationException.Reason;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The token in a request's headers: {@code bearer: TOKEN}, EventGate's, before {@code Authorization: Bearer TOKEN} (RFC 6750). */
final class BearerToken {
    private static final String SCHEME = "bearer";

    private BearerToken() {}

    /** The token as it was sent; null if there is none. A header {@code Authorization} of another scheme is none. */
    static @Nullable String find(Function<String, @Nullable String> header) {
        String own = header.apply("bearer");
        if (own != null && !own.isBlank()) {
            return own.strip();
        }
        String authorization = header.apply("Authorization");
        if (authorization == null) {
            return null;
        }
        String stripped = authorization.strip();
        boolean isBearer = stripped.length() > SCHEME.length()
                && stripped.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                && Character.isWhitespace(stripped.charAt(SCHEME.length()));
        return isBearer ? stripped.substring(SCHEME.length()).strip() : null;
    }

    /** @throws AuthenticationException if there is none */
    static String require(Function<String, @Nullable String> header) throws AuthenticationException {
        String token = find(header);
        if (token == null) {
            throw new AuthenticationException(
                    Reason.MISSING,
                    "A token is required: send header 'Authorization: Bearer <token>' or 'bearer: <token>'.");
        }
        return token;
    }
}
