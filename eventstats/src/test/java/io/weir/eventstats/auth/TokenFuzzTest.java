package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.Base64URL;
import io.weir.eventstats.auth.TokenVerifier.Verdict;
import io.weir.eventstats.testkit.TestingTokens;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random and damaged tokens: never anything but a refusal, or the caller that was signed. */
final class TokenFuzzTest {
    private static final long NOW = 1_790_000_000_000L;
    private static final int RUNS = Integer.getInteger("weir.fuzz.runs", 20_000);
    private static final TestingTokens ISSUER = TestingTokens.create("one");
    private static final String ALPHABET =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\u0000é";

    private final TokenVerifier verifier = new TokenVerifier(AuthSettings.DEFAULT);
    private final List<VerificationKey> keys = List.of(new VerificationKey("one", ISSUER.publicKey()));

    @Test
    void damagedTokensNeverMakeAnotherCaller() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        String token = ISSUER.token("Alice", NOW);
        String[] parts = token.split("\\.");
        int refused = 0;
        for (int i = 0; i < RUNS; i++) {
            String damaged = damage(token, parts, random.split());
            Verdict verdict = verifier.verify(damaged, keys, NOW);
            if (verdict instanceof Verdict.Verified(Caller caller)) {
                // The last character of a signature has bits that decode to nothing.
                assertThat(caller).as("seed=%d <%s>", seed, damaged).isEqualTo(new Caller("Alice", null));
                assertThat(signed(damaged)).as("seed=%d <%s>", seed, damaged).isEqualTo(signed(token));
            } else {
                refused++;
            }
        }
        assertThat(refused).as("refused, seed=%d", seed).isGreaterThan(RUNS * 9 / 10);
    }

    private static String signed(String token) {
        return token.substring(0, token.lastIndexOf('.'));
    }

    private static String damage(String token, String[] parts, SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> text(random, random.nextInt(200));
            case 1 -> {
                StringBuilder damaged = new StringBuilder(token);
                int changes = 1 + random.nextInt(3);
                for (int i = 0; i < changes; i++) {
                    damaged.setCharAt(random.nextInt(damaged.length()), letter(random));
                }
                yield damaged.toString();
            }
            case 2 -> token.substring(0, random.nextInt(token.length()));
            case 3 -> parts[random.nextInt(3)] + "." + parts[random.nextInt(3)] + "." + parts[random.nextInt(3)] + "x";
            case 4 -> flip(parts[0], random) + "." + parts[1] + "." + parts[2];
            default -> json(random) + "." + json(random) + "." + (random.nextBoolean() ? parts[2] : text(random, 342));
        };
    }

    private static String flip(String part, SplittableRandom random) {
        byte[] bytes = new Base64URL(part).decode();
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        return Base64URL.encode(bytes).toString();
    }

    private static String json(SplittableRandom random) {
        String[] names = {"alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "zip", "enc", "sub", "exp", "aud", "cty"};
        String[] values = {
            "\"RS256\"",
            "\"none\"",
            "null",
            "[]",
            "{}",
            "true",
            "1e999",
            "-1",
            "\"one\"",
            "[\"b64\"]",
            "\"DEF\"",
            "9999999999"
        };
        StringBuilder text = new StringBuilder("{");
        int members = random.nextInt(5);
        for (int i = 0; i < members; i++) {
            text.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(names[random.nextInt(names.length)])
                    .append("\":")
                    .append(values[random.nextInt(values.length)]);
        }
        return Base64URL.encode(text.append(random.nextInt(10) == 0 ? "" : "}")
                        .toString()
                        .getBytes(StandardCharsets.UTF_8))
                .toString();
    }

    private static String text(SplittableRandom random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(letter(random));
        }
        return text.toString();
    }

    private static char letter(SplittableRandom random) {
        return ALPHABET.charAt(random.nextInt(ALPHABET.length()));
    }
}
