package io.weir.eventstats.auth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The public keys that a key server publishes: EventGate's document ({@code {"keys":[{"key":"<base64 of a DER SubjectPublicKeyInfo>"}]}} or {@code
 * {"key":"..."}}), a JWKS (RFC 7517), or both in one.
 *
 * @param keys usable for RS256, in the document's order
 * @param ignored why other keys are not used, for the log
 */
record KeyDocument(List<VerificationKey> keys, List<String> ignored) {
    /** RFC 7518, 3.3: "A key of size 2048 bits or larger MUST be used". */
    private static final int KEY_BITS_MIN = 2048;
    /** What the verification of one token may cost; no issuer uses larger keys. */
    private static final int KEY_BITS_MAX = 8192;

    private static final ObjectMapper JSON = new ObjectMapper();

    KeyDocument {
        keys = List.copyOf(keys);
        ignored = List.copyOf(ignored);
    }

    /**
     * Reads a document.
     *
     * @param countMax most keys in it
     * @throws IOException if it is no key document, has too many keys, or none that is usable; the message holds nothing of its content
     */
    static KeyDocument parse(byte[] document, int countMax) throws IOException {
        JsonNode root = json(document);
        List<JsonNode> entries = new ArrayList<>();
        if (root.get("keys") instanceof ArrayNode array) {
            array.forEach(entries::add);
        } else if (root.has("key")) {
            entries.add(root);
        } else {
            throw new IOException(
                    "the document is neither a JWKS nor of EventGate's format: it has no array 'keys' and no 'key'");
        }
        if (entries.size() > countMax) {
            throw new IOException(
                    "the document has " + entries.size() + " keys; auth-keys-count-max allows " + countMax);
        }
        List<VerificationKey> keys = new ArrayList<>();
        List<String> ignored = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            try {
                keys.add(key(entries.get(i)));
            } catch (UnusableKeyException e) {
                ignored.add("key " + (i + 1) + " of " + entries.size() + ": " + e.getMessage());
            }
        }
        if (keys.isEmpty()) {
            throw new IOException("the document has no key that is usable for RS256"
                    + (ignored.isEmpty() ? "" : ": " + String.join("; ", ignored)));
        }
        return new KeyDocument(keys, ignored);
    }

    private static JsonNode json(byte[] document) throws IOException {
        try {
            JsonNode root = JSON.readTree(document);
            if (root != null && root.isObject()) {
                return root;
            }
        } catch (JsonProcessingException e) {
            throw new IOException("the document is not JSON", e);
        }
        throw new IOException("the document is not a JSON object");
    }

    private static VerificationKey key(JsonNode entry) throws UnusableKeyException {
        if (entry.hasNonNull("kty")) {
            return ofJwk(entry);
        }
        if (entry.path("key").isTextual()) {
            return new VerificationKey(null, checked(ofDer(entry.path("key").textValue())));
        }
        throw new UnusableKeyException("it has neither 'kty' nor 'key'");
    }

    private static VerificationKey ofJwk(JsonNode entry) throws UnusableKeyException {
        if (!entry.path("kty").asText().equals("RSA")) {
            throw new UnusableKeyException("it is not an RSA key");
        }
        if (entry.has("d") || entry.has("p") || entry.has("q")) {
            throw new UnusableKeyException("it has private parts, so that anyone may sign with it");
        }
        if (!entry.path("use").asText("sig").equals("sig") || !verifies(entry.get("key_ops"))) {
            throw new UnusableKeyException("it is not meant to verify signatures");
        }
        if (!entry.path("alg").asText("RS256").equals("RS256")) {
            throw new UnusableKeyException("it is for another algorithm than RS256");
        }
        try {
            RSAPublicKey key = new RSAKey.Builder(Base64URL.from(text(entry, "n")), Base64URL.from(text(entry, "e")))
                    .build()
                    .toRSAPublicKey();
            return new VerificationKey(entry.path("kid").isTextual() ? text(entry, "kid") : null, checked(key));
        } catch (JOSEException | IllegalArgumentException | IllegalStateException e) {
            throw new UnusableKeyException("it cannot be read as an RSA key");
        }
    }

    private static boolean verifies(@Nullable JsonNode operations) {
        if (operations == null || !operations.isArray()) {
            return true;
        }
        boolean verifies = false;
        for (JsonNode operation : operations) {
            verifies |= operation.asText().equals("verify");
        }
        return verifies;
    }

    private static String text(JsonNode entry, String name) throws UnusableKeyException {
        JsonNode value = entry.path(name);
        if (!value.isTextual()) {
            throw new UnusableKeyException("it has no text '" + name + "'");
        }
        return value.textValue();
    }

    private static RSAPublicKey ofDer(String base64) throws UnusableKeyException {
        try {
            byte[] der = Base64.getMimeDecoder().decode(base64);
            if (KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der)) instanceof RSAPublicKey key) {
                return key;
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new UnusableKeyException("it is not the base64 of an RSA key in DER (SubjectPublicKeyInfo)");
        }
        throw new UnusableKeyException("it is not an RSA key");
    }

    /** A modulus of an allowed size, and an exponent with which a signature proves something. */
    private static RSAPublicKey checked(RSAPublicKey key) throws UnusableKeyException {
        int bits = key.getModulus().bitLength();
        if (bits < KEY_BITS_MIN || bits > KEY_BITS_MAX) {
            throw new UnusableKeyException(
                    "it has " + bits + " bits; allowed are " + KEY_BITS_MIN + " to " + KEY_BITS_MAX);
        }
        BigInteger exponent = key.getPublicExponent();
        if (exponent.compareTo(BigInteger.valueOf(3)) < 0 || !exponent.testBit(0) || exponent.bitLength() > 64) {
            throw new UnusableKeyException("its public exponent is not an odd number from 3 to 64 bits");
        }
        return key;
    }

    /** Why a key of the document is not used. */
    private static final class UnusableKeyException extends Exception {
        private static final long serialVersionUID = 1;

        UnusableKeyException(String message) {
            super(message);
        }
    }
}
