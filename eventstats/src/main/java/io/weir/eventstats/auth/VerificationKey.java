package io.weir.eventstats.auth;

import java.security.interfaces.RSAPublicKey;
import org.jspecify.annotations.Nullable;

/**
 * A public key that verifies tokens.
 *
 * @param id {@code kid} of its JWK; null for a key of EventGate's document, which has none
 */
record VerificationKey(@Nullable String id, RSAPublicKey key) {}
