package io.weir.eventstats.testkit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPublicKey;
import java.util.Base64;
import java.util.Date;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An issuer of tokens for tests, with a key pair of its own.
 *
 * @param id {@code kid} in tokens and in its JWK; null for none
 */
public record TestingTokens(KeyPair pair, @Nullable String id) {
    /** An issuer with a new key of 2048 bits. */
    public static TestingTokens create(@Nullable String id) {
        return create(id, 2048);
    }

    public static TestingTokens create(@Nullable String id, int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            return new TestingTokens(generator.generateKeyPair(), id);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public RSAPublicKey publicKey() {
        return (RSAPublicKey) pair.getPublic();
    }

    /** A token of a user, valid for an hour from a time on. */
    public String token(String user, long nowMillis) {
        return token(nowMillis, claims -> claims.subject(user));
    }

    /** A token valid for an hour from a time on, with more claims, or others. */
    public String token(long nowMillis, Consumer<JWTClaimsSet.Builder> more) {
        JWTClaimsSet.Builder claims =
                new JWTClaimsSet.Builder().subject("somebody").expirationTime(new Date(nowMillis + 3_600_000));
        more.accept(claims);
        return sign(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(id).build(), claims.build());
    }

    public String sign(JWSHeader header, JWTClaimsSet claims) {
        try {
            SignedJWT jwt = new SignedJWT(header, claims);
            jwt.sign(new RSASSASigner(pair.getPrivate()));
            return jwt.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A token with a payload as it is written, valid JSON or not. */
    public String signText(String payload) {
        try {
            JWSObject token = new JWSObject(
                    new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(id).build(), new Payload(payload));
            token.sign(new RSASSASigner(pair.getPrivate()));
            return token.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The key for EventGate's document: base64 of its SubjectPublicKeyInfo. */
    public String der() {
        return Base64.getEncoder().encodeToString(publicKey().getEncoded());
    }

    /** EventGate's document of keys. */
    public static String eventGateDocument(TestingTokens... issuers) {
        StringBuilder keys = new StringBuilder();
        for (TestingTokens issuer : issuers) {
            keys.append(keys.isEmpty() ? "" : ",")
                    .append("{\"key\":\"")
                    .append(issuer.der())
                    .append("\"}");
        }
        return "{\"keys\":[" + keys + "]}";
    }

    /** The public key as a JWK. */
    public String jwk() {
        return new RSAKey.Builder(publicKey()).keyID(id).build().toJSONString();
    }

    /** A JWKS of keys. */
    public static String jwks(TestingTokens... issuers) {
        StringBuilder keys = new StringBuilder();
        for (TestingTokens issuer : issuers) {
            keys.append(keys.isEmpty() ? "" : ",").append(issuer.jwk());
        }
        return "{\"keys\":[" + keys + "]}";
    }
}
