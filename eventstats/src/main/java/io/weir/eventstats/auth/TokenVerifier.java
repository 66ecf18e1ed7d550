package io.weir.eventstats.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.text.ParseException;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Verifies tokens: signed JWTs (RFC 7519) by RS256 and nothing else. The algorithm and the key are this class's choice, never the token's: a header's
 * {@code alg} is only compared, its {@code jwk}, {@code jku} and {@code x5c} are not looked at, {@code crit} is refused. Claims are read after
 * the signature held.
 */
final class TokenVerifier {
    static final int USER_CHARACTERS_MAX = 256;

    private final AuthSettings settings;

    TokenVerifier(AuthSettings settings) {
        this.settings = settings;
    }

    /** What became of a token. */
    sealed interface Verdict {
        /** It holds. */
        record Verified(Caller caller) implements Verdict {}

        /**
         * It does not.
         *
         * @param message for the client
         */
        record Refused(String message) implements Verdict {}

        /** None of the keys made its signature; newer keys may have. */
        record UnknownKey() implements Verdict {}
    }

    /**
     * Verifies a token.
     *
     * @param keys those with the token's {@code kid} and those without one are tried; all if it has none
     */
    Verdict verify(String token, List<VerificationKey> keys, long nowMillis) {
        if (token.length() > settings.tokenCharactersMax()) {
            return new Verdict.Refused("The token is too long; auth-token-characters-max allows "
                    + settings.tokenCharactersMax() + " characters.");
        }
        try {
            SignedJWT jwt = SignedJWT.parse(token);
            JWSHeader header = jwt.getHeader();
            if (!JWSAlgorithm.RS256.equals(header.getAlgorithm())) {
                return new Verdict.Refused("The token must be signed by RS256.");
            }
            if (header.getCriticalParams() != null || !header.isBase64URLEncodePayload()) {
                return new Verdict.Refused("The token asks for extensions ('crit', 'b64') that are not supported.");
            }
            if (!isSigned(jwt, keys)) {
                return new Verdict.UnknownKey();
            }
            return claims(jwt, nowMillis);
        } catch (ParseException | IllegalArgumentException | IllegalStateException e) {
            return new Verdict.Refused("The token cannot be read as a signed JWT.");
        }
    }

    private static boolean isSigned(SignedJWT jwt, List<VerificationKey> keys) {
        String id = jwt.getHeader().getKeyID();
        for (VerificationKey key : keys) {
            if ((id == null || key.id() == null || key.id().equals(id)) && isSigned(jwt, key)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isSigned(SignedJWT jwt, VerificationKey key) {
        try {
            return new RSASSAVerifier(key.key()).verify(jwt.getHeader(), jwt.getSigningInput(), jwt.getSignature());
        } catch (JOSEException e) {
            // The provider cannot use this key on this signature (their lengths differ): not signed by it.
            return false;
        }
    }

    private Verdict claims(SignedJWT jwt, long nowMillis) throws ParseException {
        JWTClaimsSet claims = jwt.getJWTClaimsSet();
        Map<String, Object> asSent = jwt.getPayload().toJSONObject();
        if (claims == null || asSent == null) {
            return new Verdict.Refused("The token has no claims.");
        }
        String refusal = timesRefusal(claims, nowMillis);
        if (refusal == null) {
            refusal = userRefusal(asSent.get("sub"));
        }
        if (refusal == null) {
            refusal = partiesRefusal(claims, asSent.get("aud") != null);
        }
        if (refusal != null) {
            return new Verdict.Refused(refusal);
        }
        String user = Objects.requireNonNull(claims.getSubject());
        return new Verdict.Verified(
                new Caller(user, claims.getClaim(settings.tenantClaim()) instanceof String tenant ? tenant : null));
    }

    private @Nullable String timesRefusal(JWTClaimsSet claims, long nowMillis) {
        long skew = settings.clockSkewMillisMax();
        Date expires = claims.getExpirationTime();
        if (expires == null) {
            return "The token has no claim 'exp'; it must expire at some time.";
        }
        if (expires.getTime() <= nowMillis - skew) {
            return "The token has expired.";
        }
        if (isAfter(claims.getNotBeforeTime(), nowMillis + skew)) {
            return "The token is not valid yet (claim 'nbf').";
        }
        return isAfter(claims.getIssueTime(), nowMillis + skew) ? "The token is from the future (claim 'iat')." : null;
    }

    private static boolean isAfter(@Nullable Date time, long millis) {
        return time != null && time.getTime() > millis;
    }

    /** @param sent the claim as it was sent: the library makes a text of a number */
    private static @Nullable String userRefusal(@Nullable Object sent) {
        if (!(sent instanceof String user) || user.isBlank()) {
            return "The token has no claim 'sub', a text that names the user.";
        }
        return user.length() > USER_CHARACTERS_MAX || user.chars().anyMatch(Character::isISOControl)
                ? "The token's claim 'sub' must be at most " + USER_CHARACTERS_MAX
                        + " characters, none of them a control character."
                : null;
    }

    private @Nullable String partiesRefusal(JWTClaimsSet claims, boolean hasAudience) {
        if (!settings.issuer().isEmpty() && !settings.issuer().equals(claims.getIssuer())) {
            return "The token is from another issuer than this service accepts.";
        }
        if (settings.audience().isEmpty()) {
            return hasAudience
                    ? "The token is for an audience (claim 'aud'), and this service has none: set auth-audience."
                    : null;
        }
        return claims.getAudience().contains(settings.audience())
                ? null
                : "The token is for another audience than this service.";
    }
}
