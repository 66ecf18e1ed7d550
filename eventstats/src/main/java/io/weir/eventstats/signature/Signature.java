package io.weir.eventstats.signature;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code scheduler.failure_signatures}.
 *
 * @param hash of the pattern, {@link SignaturePattern#hash}
 * @param pattern JSON object as it is stored; SQL may have put anything there
 * @param outcome JSON object
 * @param confidence 0 to 1
 * @param sampleCount failures that were found to be of this kind
 */
public record Signature(
        UUID id,
        Instant createdAt,
        Instant updatedAt,
        String hash,
        int version,
        String pattern,
        String outcome,
        BigDecimal confidence,
        int sampleCount,
        @Nullable Instant lastMatchedAt,
        boolean enabled,
        @Nullable Instant expiresAt) {}
