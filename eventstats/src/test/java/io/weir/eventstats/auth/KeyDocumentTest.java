package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.eventstats.testkit.TestingTokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Key documents of both kinds, and what is not taken from them. */
final class KeyDocumentTest {
    private static final TestingTokens ONE = TestingTokens.create("one");
    private static final TestingTokens TWO = TestingTokens.create("two");

    private static KeyDocument parse(String document) throws IOException {
        return KeyDocument.parse(document.getBytes(StandardCharsets.UTF_8), 4);
    }

    private static String with(String jwk, String members) {
        return "{\"keys\":[" + TWO.jwk() + "," + jwk.replaceFirst("\\{", Matcher.quoteReplacement("{" + members + ","))
                + "]}";
    }

    @Test
    void readsEventGatesDocuments() throws IOException {
        assertThat(parse(TestingTokens.eventGateDocument(ONE, TWO)).keys())
                .containsExactly(
                        new VerificationKey(null, ONE.publicKey()), new VerificationKey(null, TWO.publicKey()));
        assertThat(parse("{\"key\":\"" + ONE.der() + "\"}").keys())
                .containsExactly(new VerificationKey(null, ONE.publicKey()));
        String inLines = ONE.der().replaceAll("(.{64})", "$1\\\\n");
        assertThat(parse("{\"key\":\"" + inLines + "\"}").keys())
                .containsExactly(new VerificationKey(null, ONE.publicKey()));
    }

    @Test
    void readsAJwks() throws IOException {
        KeyDocument document = parse(TestingTokens.jwks(ONE, new TestingTokens(TWO.pair(), null)));
        assertThat(document.keys())
                .containsExactly(
                        new VerificationKey("one", ONE.publicKey()), new VerificationKey(null, TWO.publicKey()));
        assertThat(document.ignored()).isEmpty();
    }

    @Test
    void readsBothInOne() throws IOException {
        SigningKey key = SigningKey.generate();
        KeyDocument document = KeyDocument.parse(key.publicDocumentBytes(), 1);
        assertThat(document.keys())
                .singleElement()
                .satisfies(read -> assertThat(read.id()).isNotBlank());
        Matcher der = Pattern.compile("\"key\" : \"([^\"]+)\"").matcher(key.publicDocument());
        assertThat(der.find()).isTrue();
        assertThat(parse("{\"key\":\"" + der.group(1) + "\"}").keys().getFirst().key())
                .isEqualTo(document.keys().getFirst().key());
    }

    @Test
    void unusableKeysAreIgnoredAndNamed() throws IOException {
        String weak = TestingTokens.create("weak", 1024).jwk();
        String one = ONE.jwk();
        record Case(String document, String reason) {}
        for (Case unusable : List.of(
                new Case("{\"keys\":[" + TWO.jwk() + "," + weak + "]}", "1024 bits"),
                new Case(
                        "{\"keys\":[" + TWO.jwk() + ",{\"key\":\""
                                + TestingTokens.create("w", 1024).der() + "\"}]}",
                        "1024 bits"),
                new Case("{\"keys\":[" + TWO.jwk() + ",{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}", "not an RSA key"),
                new Case("{\"keys\":[" + TWO.jwk() + ",{\"kty\":\"EC\",\"crv\":\"P-256\"}]}", "not an RSA key"),
                new Case("{\"keys\":[" + TWO.jwk() + ",{\"key\":\"AAAA\"}]}", "base64 of an RSA key"),
                new Case("{\"keys\":[" + TWO.jwk() + ",{\"key\":7}]}", "neither 'kty' nor 'key'"),
                new Case("{\"keys\":[" + TWO.jwk() + ",7]}", "neither 'kty' nor 'key'"),
                new Case("{\"keys\":[" + TWO.jwk() + ",{\"kty\":\"RSA\",\"e\":\"AQAB\"}]}", "no text 'n'"),
                new Case(with(one, "\"use\":\"enc\""), "not meant to verify"),
                new Case(with(one, "\"key_ops\":[\"encrypt\"]"), "not meant to verify"),
                new Case(with(one, "\"alg\":\"RS512\""), "another algorithm"),
                new Case(with(one, "\"d\":\"AQAB\""), "private parts"),
                new Case(with(one.replaceAll("\"e\":\"[^\"]*\"", "\"e\":\"AQ\""), "\"x\":1"), "cannot be read"),
                new Case(with(one.replaceAll("\"e\":\"[^\"]*\"", "\"e\":\"AQAA\""), "\"x\":1"), "public exponent"))) {
            KeyDocument document = parse(unusable.document());
            assertThat(document.keys()).as(unusable.reason()).hasSize(1);
            assertThat(document.ignored()).singleElement().asString().contains("key 2 of 2", unusable.reason());
        }
    }

    @Test
    void refusesWhatHasNoUsableKeys() {
        for (String document :
                List.of("", "null", "[]", "7", "{", "{}", "{\"keys\":[]}", "{\"keys\":{}}", "{\"key\":null}")) {
            assertThatThrownBy(() -> parse(document)).as(document).isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> parse(TestingTokens.jwks(ONE, ONE, ONE, ONE, TWO)))
                .hasMessageContaining("5 keys")
                .hasMessageContaining("auth-keys-count-max");
    }
}
