package io.weir.eventstats.auth;

import org.jspecify.annotations.Nullable;

/**
 * Who sent a request, as a verified token says.
 *
 * @param user claim {@code sub} as the token has it; compare users with {@link AccessList}, which disregards case
 * @param tenant the claim of the tenant ({@code auth-tenant-claim}); null if the token has none
 */
public record Caller(String user, @Nullable String tenant) {
    public Caller {
        if (user.isBlank()) {
            throw new IllegalArgumentException("a caller needs a user");
        }
    }
}
