package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.weir.eventstats.auth.TokenVerifier.Verdict;
import io.weir.eventstats.testkit.TestingTokens;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which tokens hold, and what is said about the others: rows 11 and 12 of the checklist, without HTTP. */
final class TokenVerifierTest {
    private static final long NOW = 1_790_000_000_000L;
    private static final TestingTokens ISSUER = TestingTokens.create("one");
    private static final TestingTokens STRANGER = TestingTokens.create("one");

    private final TokenVerifier verifier = new TokenVerifier(AuthSettings.DEFAULT);

    private static VerificationKey key(TestingTokens issuer, @Nullable String id) {
        return new VerificationKey(id, issuer.publicKey());
    }

    private Verdict verify(String token) {
        return verifier.verify(token, List.of(key(ISSUER, "one")), NOW);
    }

    private String refusal(String token) {
        return verify(token) instanceof Verdict.Refused(String message)
                ? message
                : verify(token).toString();
    }

    private Verdict claims(Consumer<JWTClaimsSet.Builder> more) {
        return verify(ISSUER.token(NOW, more));
    }

    private String refusedClaims(Consumer<JWTClaimsSet.Builder> more) {
        return refusal(ISSUER.token(NOW, more));
    }

    private static AuthSettings settings(String issuer, String audience) {
        AuthSettings d = AuthSettings.DEFAULT;
        return new AuthSettings(
                d.keys(), d.access(), issuer, audience, d.tenantClaim(), d.clockSkewMillisMax(), 512, false);
    }

    @Test
    void aTokenOfAKnownKeyNamesItsUserAndTenant() {
        assertThat(verify(ISSUER.token("Alice", NOW))).isEqualTo(new Verdict.Verified(new Caller("Alice", null)));
        assertThat(claims(claims -> claims.subject("Alice").claim("tenant_id", "T1")))
                .isEqualTo(new Verdict.Verified(new Caller("Alice", "T1")));
        assertThat(claims(claims -> claims.subject("Alice").claim("tenant_id", 7)))
                .isEqualTo(new Verdict.Verified(new Caller("Alice", null)));
    }

    @Test
    void anotherKeyIsUnknownWhateverTheTokenBringsAlong() throws JOSEException {
        assertThat(verify(STRANGER.token("Alice", NOW))).isInstanceOf(Verdict.UnknownKey.class);
        JWSHeader ownKey = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .jwk(new RSAKey.Builder(STRANGER.publicKey()).build())
                .build();
        JWTClaimsSet claims = new JWTClaimsSet.Builder()
                .subject("Alice")
                .expirationTime(new Date(NOW + 1000))
                .build();
        assertThat(verify(STRANGER.sign(ownKey, claims))).isInstanceOf(Verdict.UnknownKey.class);
    }

    @Test
    void keysAreChosenByIdAndThoseWithoutOneAreAllTried() {
        String token = ISSUER.token("Alice", NOW);
        assertThat(verifier.verify(token, List.of(key(STRANGER, "one"), key(ISSUER, "one")), NOW))
                .isInstanceOf(Verdict.Verified.class);
        assertThat(verifier.verify(token, List.of(key(STRANGER, null), key(ISSUER, null)), NOW))
                .isInstanceOf(Verdict.Verified.class);
        assertThat(verifier.verify(token, List.of(key(ISSUER, "two")), NOW)).isInstanceOf(Verdict.UnknownKey.class);
        TestingTokens anonymous = new TestingTokens(ISSUER.pair(), null);
        assertThat(verifier.verify(anonymous.token("A", NOW), List.of(key(STRANGER, "x"), key(ISSUER, "two")), NOW))
                .isInstanceOf(Verdict.Verified.class);
        assertThat(verifier.verify(token, List.of(), NOW)).isInstanceOf(Verdict.UnknownKey.class);
    }

    @Test
    void onlyRs256IsAnAlgorithm() throws JOSEException {
        JWTClaimsSet claims = new JWTClaimsSet.Builder()
                .subject("Alice")
                .expirationTime(new Date(NOW + 3_600_000))
                .build();
        assertThat(refusal(new PlainJWT(claims).serialize())).isEqualTo("The token cannot be read as a signed JWT.");
        for (byte[] secret : List.of(
                ISSUER.publicKey().getEncoded(),
                ISSUER.der().getBytes(StandardCharsets.US_ASCII),
                ISSUER.publicKey().getModulus().toByteArray())) {
            SignedJWT confused = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims);
            confused.sign(new MACSigner(secret));
            assertThat(refusal(confused.serialize())).isEqualTo("The token must be signed by RS256.");
        }
        for (JWSAlgorithm other : List.of(JWSAlgorithm.RS384, JWSAlgorithm.RS512, JWSAlgorithm.PS256)) {
            SignedJWT token = new SignedJWT(new JWSHeader(other), claims);
            JWSSigner signer = new RSASSASigner(ISSUER.pair().getPrivate());
            token.sign(signer);
            assertThat(refusal(token.serialize())).isEqualTo("The token must be signed by RS256.");
        }
    }

    /** The same token with its header's algorithm changed to none, its signature kept or dropped. */
    @Test
    void aRewrittenHeaderIsRefused() {
        String[] parts = ISSUER.token("Alice", NOW).split("\\.");
        for (String none : List.of("none", "None", "NONE", "nOnE", "HS256", "")) {
            String header = Base64URL.encode("{\"alg\":\"" + none + "\",\"typ\":\"JWT\"}")
                    .toString();
            assertThat(verify(header + "." + parts[1] + ".")).as(none).isInstanceOf(Verdict.Refused.class);
            assertThat(verify(header + "." + parts[1] + "." + parts[2]))
                    .as(none)
                    .isInstanceOf(Verdict.Refused.class);
        }
        assertThat(verify(parts[0] + "." + parts[1] + ".")).isNotInstanceOf(Verdict.Verified.class);
        assertThat(verify(parts[0] + "." + Base64URL.encode("{\"sub\":\"root\",\"exp\":9999999999}") + "." + parts[2]))
                .isInstanceOf(Verdict.UnknownKey.class);
    }

    @Test
    void extensionsAreRefused() {
        JWTClaimsSet claims = new JWTClaimsSet.Builder()
                .subject("Alice")
                .expirationTime(new Date(NOW + 3_600_000))
                .build();
        JWSHeader critical = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .criticalParams(Set.of("http://example.com/UNDEFINED"))
                .customParam("http://example.com/UNDEFINED", true)
                .build();
        assertThat(refusal(ISSUER.sign(critical, claims))).contains("'crit'");
        JWSHeader plain = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .base64URLEncodePayload(false)
                .criticalParams(Set.of("b64"))
                .build();
        assertThat(verify(ISSUER.sign(plain, claims))).isInstanceOf(Verdict.Refused.class);
    }

    @Test
    void timesAreCheckedWithTheClocksSkew() {
        long skew = AuthSettings.DEFAULT.clockSkewMillisMax();
        assertThat(refusedClaims(claims -> claims.expirationTime(null))).contains("'exp'");
        assertThat(refusedClaims(claims -> claims.expirationTime(new Date(NOW - skew))))
                .isEqualTo("The token has expired.");
        assertThat(claims(claims -> claims.expirationTime(new Date(NOW - skew + 1000))))
                .isInstanceOf(Verdict.Verified.class);
        assertThat(refusedClaims(claims -> claims.notBeforeTime(new Date(NOW + skew + 1000))))
                .contains("'nbf'");
        assertThat(claims(claims -> claims.notBeforeTime(new Date(NOW + skew)))).isInstanceOf(Verdict.Verified.class);
        assertThat(refusedClaims(claims -> claims.issueTime(new Date(NOW + skew + 1000))))
                .contains("'iat'");
        assertThat(claims(claims -> claims.issueTime(new Date(NOW - 1000)))).isInstanceOf(Verdict.Verified.class);
    }

    @Test
    void theUserMustBeThereAndReadable() {
        assertThat(refusedClaims(claims -> claims.subject(null))).contains("'sub'");
        assertThat(refusedClaims(claims -> claims.subject("  "))).contains("'sub'");
        assertThat(refusedClaims(claims -> claims.subject("a\nb"))).contains("control character");
        assertThat(refusedClaims(claims -> claims.subject("a".repeat(257)))).contains("256");
        assertThat(refusedClaims(claims -> claims.claim("sub", 7))).contains("'sub'");
        assertThat(refusedClaims(claims -> claims.claim("exp", "soon")))
                .isEqualTo("The token cannot be read as a signed JWT.");
    }

    @Test
    void payloadsThatAreNoClaimsAreRefused() {
        for (String payload : List.of(
                "",
                "null",
                "[]",
                "7",
                "{",
                "{\"exp\":9999999999}",
                "{\"sub\":\"A\",\"exp\":\"9999999999x\"}",
                "{\"sub\":{},\"exp\":9999999999}",
                "{\"sub\":[\"A\"],\"exp\":9999999999}",
                "{\"sub\":\"A\",\"exp\":null}",
                "{\"sub\":\"A\",\"exp\":true}",
                "{\"sub\":\"A\",\"exp\":9999999999,\"nbf\":\"later\"}",
                "{\"sub\":\"A\",\"exp\":9999999999,\"aud\":7}",
                "{\"a\":" + "[".repeat(2000) + "]".repeat(2000) + "}")) {
            assertThat(verify(ISSUER.signText(payload))).as(payload).isInstanceOf(Verdict.Refused.class);
        }
    }

    @Test
    void withoutAnAudienceATokenForSomebodyIsRefused() {
        assertThat(refusedClaims(claims -> claims.audience("eventgate"))).contains("auth-audience");
        for (String audience : List.of("[]", "\"\"", "[\"x\",\"y\"]", "[null]")) {
            String token = ISSUER.signText("{\"sub\":\"A\",\"exp\":9999999999,\"aud\":" + audience + "}");
            assertThat(refusal(token)).as(audience).contains("auth-audience");
        }
    }

    @Test
    void withAnAudienceAndAnIssuerATokenMustNameThem() {
        TokenVerifier strict = new TokenVerifier(settings("https://id.example", "weir"));
        List<VerificationKey> keys = List.of(key(ISSUER, null));
        Consumer<JWTClaimsSet.Builder> right =
                claims -> claims.issuer("https://id.example").audience(List.of("x", "weir"));
        assertThat(strict.verify(ISSUER.token(NOW, right), keys, NOW)).isInstanceOf(Verdict.Verified.class);
        for (Consumer<JWTClaimsSet.Builder> wrong : List.<Consumer<JWTClaimsSet.Builder>>of(
                claims -> claims.audience("other"),
                claims -> claims.audience((String) null),
                claims -> claims.audience("WEIR"),
                claims -> claims.issuer("https://id.example/"),
                claims -> claims.issuer(null))) {
            assertThat(strict.verify(ISSUER.token(NOW, right.andThen(wrong)), keys, NOW))
                    .isInstanceOf(Verdict.Refused.class);
        }
    }

    @Test
    void aTokenThatIsTooLongIsNotLookedAt() {
        TokenVerifier tight = new TokenVerifier(settings("", ""));
        String token = ISSUER.token(NOW, claims -> claims.claim("filling", "x".repeat(512)));
        assertThat(tight.verify(token, List.of(key(ISSUER, null)), NOW))
                .isEqualTo(
                        new Verdict.Refused("The token is too long; auth-token-characters-max allows 512 characters."));
    }

    @Test
    void whatIsNoTokenIsRefusedWithoutSayingMore() {
        for (String token : List.of(
                "",
                ".",
                "..",
                "...",
                "a.b.c",
                "null",
                "{}",
                "e30.e30.e30",
                "\u0000",
                "é.é.é",
                "a b c",
                "[".repeat(8000))) {
            assertThat(refusal(token)).as(token).isEqualTo("The token cannot be read as a signed JWT.");
        }
        String nested = Base64URL.encode("{\"alg\":\"RS256\",\"x\":" + "[".repeat(4000) + "]".repeat(4000) + "}")
                .toString();
        assertThat(new TokenVerifier(new AuthSettings(
                                KeySettings.DEFAULT, AccessSettings.DEFAULT, "", "", "t", 0, 100_000, false))
                        .verify(nested + ".e30.AAAA", List.of(key(ISSUER, null)), NOW))
                .isNotInstanceOf(Verdict.Verified.class);
    }
}
