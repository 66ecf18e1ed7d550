package io.weir.eventstats.auth;

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
    public TokenClaims {
        if (user.isBlank() || user.length() > TokenVerifier.USER_CHARACTERS_MAX) {
            throw new IllegalArgumentException(
                    "the user of a token must be 1 to " + TokenVerifier.USER_CHARACTERS_MAX + " characters");
        }
        if (user.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("the user of a token must have no control characters");
        }
        if (timeToLiveMillis < 1_000) {
            throw new IllegalArgumentException("a token must live at least 1s");
        }
    }
}
