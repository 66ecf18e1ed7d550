package io.weir.eventstats.auth;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;
import java.util.Date;

/**
 * A key pair that signs tokens: what an identity provider is in standalone, and for trying things out. The private key leaves it only as the text of
 * its file, never in {@link #toString}.
 */
final class SigningKey {
    private static final int BITS = 2048;
    private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String END = "-----END PRIVATE KEY-----";

    private final RSAPrivateCrtKey privateKey;
    private final RSAPublicKey publicKey;
    private final String id;

    private SigningKey(RSAPrivateCrtKey privateKey) throws GeneralSecurityException {
        this.privateKey = privateKey;
        if (!(KeyFactory.getInstance("RSA")
                        .generatePublic(new RSAPublicKeySpec(privateKey.getModulus(), privateKey.getPublicExponent()))
                instanceof RSAPublicKey key)) {
            throw new GeneralSecurityException("the platform makes no RSA keys");
        }
        this.publicKey = key;
        try {
            this.id = new RSAKey.Builder(publicKey).build().computeThumbprint().toString();
        } catch (JOSEException e) {
            throw new GeneralSecurityException("the platform has no SHA-256", e);
        }
    }

    /** A new one, of the platform's secure randomness. */
    static SigningKey generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(BITS);
            if (generator.generateKeyPair().getPrivate() instanceof RSAPrivateCrtKey key) {
                return new SigningKey(key);
            }
            throw new IllegalStateException("the platform makes no RSA keys with primes");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the platform makes no RSA keys", e);
        }
    }

    /**
     * The one of a file's text: PKCS #8 in PEM.
     *
     * @throws IOException if it is none; the message holds nothing of the text
     */
    static SigningKey ofPem(String pem) throws IOException {
        String text = pem.strip();
        if (text.startsWith(BEGIN) && text.endsWith(END)) {
            try {
                byte[] der =
                        Base64.getMimeDecoder().decode(text.substring(BEGIN.length(), text.length() - END.length()));
                if (KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der))
                        instanceof RSAPrivateCrtKey key) {
                    return new SigningKey(key);
                }
            } catch (GeneralSecurityException | IllegalArgumentException e) {
                // Without the cause, whose message may hold parts of the key.
                throw new IOException("it holds no RSA key in PKCS #8");
            }
        }
        throw new IOException("it is no private key in PEM");
    }

    /** The text of its file: PKCS #8 in PEM. */
    String pem() {
        Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
        return BEGIN + "\n" + lines.encodeToString(privateKey.getEncoded()) + "\n" + END + "\n";
    }

    /** Its public part, a JWKS and a key document of EventGate's format in one: each reads its own members. */
    String publicDocument() {
        ObjectMapper json = new ObjectMapper();
        ObjectNode document = json.createObjectNode();
        document.putArray("keys")
                .addObject()
                .put("kty", "RSA")
                .put("use", "sig")
                .put("alg", "RS256")
                .put("kid", id)
                .put("n", Base64URL.encode(publicKey.getModulus()).toString())
                .put("e", Base64URL.encode(publicKey.getPublicExponent()).toString())
                .put("key", Base64.getEncoder().encodeToString(publicKey.getEncoded()));
        return document.toPrettyString() + "\n";
    }

    byte[] publicDocumentBytes() {
        return publicDocument().getBytes(StandardCharsets.UTF_8);
    }

    /** A token. */
    String sign(TokenClaims claims, long nowMillis) {
        JWTClaimsSet.Builder set = new JWTClaimsSet.Builder()
                .subject(claims.user())
                .issueTime(new Date(nowMillis))
                .expirationTime(new Date(Math.addExact(nowMillis, claims.timeToLiveMillis())));
        if (claims.tenant() != null) {
            set.claim(claims.tenantClaim(), claims.tenant());
        }
        if (claims.audience() != null) {
            set.audience(claims.audience());
        }
        if (claims.issuer() != null) {
            set.issuer(claims.issuer());
        }
        JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .type(JOSEObjectType.JWT)
                .keyID(id)
                .build();
        SignedJWT token = new SignedJWT(header, set.build());
        try {
            token.sign(new RSASSASigner(privateKey));
        } catch (JOSEException e) {
            throw new IllegalStateException("the platform does not sign by RS256", e);
        }
        return token.serialize();
    }

    @Override
    public String toString() {
        return "signing key " + id;
    }
}
