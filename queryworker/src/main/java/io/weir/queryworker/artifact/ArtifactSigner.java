package io.weir.queryworker.artifact;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs artifact URLs, so that only the API process that owns the work can fetch them: HMAC-SHA256 with a key of this incarnation. */
public final class ArtifactSigner {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int KEY_BYTES_MIN = 16;

    private final SecretKeySpec key;

    /** A signer; the key must be random and at least 16 bytes. */
    public ArtifactSigner(byte[] key) {
        if (key.length < KEY_BYTES_MIN) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes is too short");
        }
        this.key = new SecretKeySpec(key, ALGORITHM);
    }

    /** The token for one API process to fetch one attempt's artifact until then. */
    public String sign(String workId, int attempt, String apiId, long expiresAtMillis) {
        return HexFormat.of().formatHex(mac(workId, attempt, apiId, expiresAtMillis));
    }

    /** Whether the token is what {@link #sign} gave; takes the same time wherever they differ. */
    public boolean verify(String workId, int attempt, String apiId, long expiresAtMillis, String token) {
        byte[] given;
        try {
            given = HexFormat.of().parseHex(token);
        } catch (IllegalArgumentException e) {
            return false;
        }
        return MessageDigest.isEqual(mac(workId, attempt, apiId, expiresAtMillis), given);
    }

    private byte[] mac(String workId, int attempt, String apiId, long expiresAtMillis) {
        // Lengths in front keep ("a", "bc") and ("ab", "c") apart.
        String text = workId.length() + ":" + workId + ":" + attempt + ":" + apiId.length() + ":" + apiId + ":"
                + expiresAtMillis;
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }
}
