package io.weir.eventstats.auth;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a token is to say.
 *
 * @param user claim {@code sub}
 * @param tenant value of the tenant's claim; null for none
 * @param tenantClaim name of that claim
 * @param audience claim {@code aud}; null for none
 * @param issuer claim {@code iss}; null for none
 * @param timeToLiveMillis from its issue to its end; tokens count seconds
 */
public record TokenClaims(
        String user,
        @Nullable String tenant,
        String tenantClaim,
        @Nullable String audience,
        @Nullable String issuer,
        long timeToLiveMillis) {
    private static final Set<String> REGISTERED = Set.of("iss", "sub", "aud", "exp", "nbf", "iat", "jti");

    public TokenClaims {
        if (user.isBlank() || user.length() > TokenVerifier.USER_CHARACTERS_MAX) {
            throw new IllegalArgumentException(
                    "the user of a token must be 1 to " + TokenVerifier.USER_CHARACTERS_MAX + " characters");
        }
        if (user.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("the user of a token must have no control characters");
        }
        if (tenant != null && tenant.isBlank()) {
            throw new IllegalArgumentException("the tenant of a token must not be blank");
        }
        if (tenantClaim.isBlank() || REGISTERED.contains(tenantClaim)) {
            throw new IllegalArgumentException(
                    "the tenant's claim must be named, and not as one that has another meaning");
        }
        if (timeToLiveMillis < 1_000) {
            throw new IllegalArgumentException("a token must live at least 1s");
        }
    }
}
