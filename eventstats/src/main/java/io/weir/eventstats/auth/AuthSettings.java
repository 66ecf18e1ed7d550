package io.weir.eventstats.auth;

/**
 * Where the keys of tokens and the access list come from, and what a token must hold.
 *
 * @param issuer what a token's {@code iss} must be; empty for any
 * @param audience what a token's {@code aud} must contain; empty for tokens without an audience only
 * @param tenantClaim claim that names the tenant
 * @param clockSkewMillisMax how far the clocks of the issuer and of this process may be apart
 * @param tokenCharactersMax longest token
 * @param signalTokenRequired whether the routes of first signals ask for a token that names the tenant
 */
public record AuthSettings(
        KeySettings keys,
        AccessSettings access,
        String issuer,
        String audience,
        String tenantClaim,
        long clockSkewMillisMax,
        int tokenCharactersMax,
        boolean signalTokenRequired) {
    /** No keys and no access list: every request is refused. */
    public static final AuthSettings DEFAULT =
            new AuthSettings(KeySettings.DEFAULT, AccessSettings.DEFAULT, "", "", "tenant_id", 30_000, 8_192, false);

    public AuthSettings {
        if (clockSkewMillisMax < 0 || clockSkewMillisMax > 3_600_000) {
            throw new IllegalArgumentException("auth-clock-skew-millis-max must be from 0 to 3600000");
        }
        if (tokenCharactersMax < 64) {
            throw new IllegalArgumentException("auth-token-characters-max must be at least 64");
        }
        if (tenantClaim.isBlank()) {
            throw new IllegalArgumentException("auth-tenant-claim must name a claim");
        }
    }

    /** As this, with other keys. */
    public AuthSettings withKeys(KeySettings otherKeys) {
        return new AuthSettings(
                otherKeys,
                access,
                issuer,
                audience,
                tenantClaim,
                clockSkewMillisMax,
                tokenCharactersMax,
                signalTokenRequired);
    }

    /** As this, with another access list. */
    public AuthSettings withAccess(AccessSettings otherAccess) {
        return new AuthSettings(
                keys,
                otherAccess,
                issuer,
                audience,
                tenantClaim,
                clockSkewMillisMax,
                tokenCharactersMax,
                signalTokenRequired);
    }
}
