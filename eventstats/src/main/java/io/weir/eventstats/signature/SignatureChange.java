package io.weir.eventstats.signature;

import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is to change of a signature; null for what stays.
 *
 * @param outcome JSON object
 * @param expires what becomes of its end
 */
public record SignatureChange(
        @Nullable String outcome,
        @Nullable BigDecimal confidence,
        @Nullable Boolean enabled,
        Expiry expires) {
    /** What becomes of a signature's end. */
    public sealed interface Expiry {
        /** It stays. */
        record Kept() implements Expiry {}

        /**
         * It is this.
         *
         * @param at null for never
         */
        record Set(@Nullable Instant at) implements Expiry {}
    }
}
