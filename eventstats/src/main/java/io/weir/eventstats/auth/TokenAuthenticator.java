package io.weir.eventstats.auth;

import io.weir.eventstats.auth.AuthenticationException.Reason;
import java.time.InstantSource;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Authenticates by the token of a request and the keys at that time; if none of them made its signature, by newer ones. */
final class TokenAuthenticator implements Authenticator {
    private final TokenKeys keys;
    private final TokenVerifier verifier;
    private final InstantSource clock;
    private final AuthMetrics metrics;

    TokenAuthenticator(TokenKeys keys, TokenVerifier verifier, InstantSource clock, AuthMetrics metrics) {
        this.keys = keys;
        this.verifier = verifier;
        this.clock = clock;
        this.metrics = metrics;
    }

    @Override
    public Caller authenticate(Function<String, @Nullable String> header) throws AuthenticationException {
        try {
            Caller caller = verified(BearerToken.require(header));
            metrics.accepted.increment();
            return caller;
        } catch (AuthenticationException e) {
            metrics.refused(e.reason());
            throw e;
        }
    }

    private Caller verified(String token) throws AuthenticationException {
        TokenKeys.Snapshot known = keys.now();
        if (known.version() == 0) {
            throw new AuthenticationException(
                    Reason.UNAVAILABLE, "The public keys of tokens could not be read so far; try again later.");
        }
        TokenVerifier.Verdict verdict = verifier.verify(token, known.keys(), clock.millis());
        if (verdict instanceof TokenVerifier.Verdict.UnknownKey) {
            TokenKeys.Snapshot newer = keys.newerThan(known);
            if (newer.version() != known.version()) {
                verdict = verifier.verify(token, newer.keys(), clock.millis());
            }
        }
        return switch (verdict) {
            case TokenVerifier.Verdict.Verified(Caller caller) -> caller;
            case TokenVerifier.Verdict.Refused(String message) ->
                throw new AuthenticationException(Reason.INVALID, message);
            case TokenVerifier.Verdict.UnknownKey() ->
                throw new AuthenticationException(
                        Reason.INVALID, "The token's signature is not by any key that this service knows.");
        };
    }
}
