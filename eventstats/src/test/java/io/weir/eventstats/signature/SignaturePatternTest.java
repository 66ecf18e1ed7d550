package io.weir.eventstats.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The canonical form of patterns and their hash. */
final class SignaturePatternTest {
    private static SignaturePattern read(String json) {
        return SignatureReader.pattern(JsonRequests.parse(json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void theCanonicalFormHasSortedKeysNoSpacesAndOnlyTheEscapesThatAreNeeded() {
        SignaturePattern pattern = new SignaturePattern(
                SignalPhase.ANALYZE, "ÄR \"\\\b\f\n\r\t\u0001\u001f\u007f/ 😀", "registry\\.io/.*:v1.*");
        assertThat(pattern.canonical())
                .isEqualTo("{\"error_code\":\"ÄR \\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\u007f/ 😀\","
                        + "\"image_pattern\":\"registry\\\\.io/.*:v1.*\",\"phase\":\"analyze\"}");
        // sha256sum of {"phase":"analyze"}
        assertThat(new SignaturePattern(SignalPhase.ANALYZE, null, null).hash())
                .isEqualTo("0ae838024e63e969be7e7f715dd73738d76a1f71787fe83092d223659208d887");
    }

    /** However a pattern is written, its hash is the same; and another one's is another. */
    @Test
    void theHashIsThatOfTheMeaning() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        ObjectMapper mapper = new ObjectMapper();
        int[] points = "aZ9 \"\\/\b\n\t\u0001\u00e4\u2028😀{}:,".codePoints().toArray();
        for (int round = 0; round < 500; round++) {
            StringBuilder code = new StringBuilder("E");
            for (int i = random.nextInt(8); i > 0; i--) {
                code.appendCodePoint(points[random.nextInt(points.length)]);
            }
            SignaturePattern pattern = new SignaturePattern(SignalPhase.FETCH, code.toString(), "a.*b");
            SignaturePattern again = read(written(random, pattern));
            assertThat(again).as("seed=" + seed).isEqualTo(pattern);
            assertThat(again.hash()).isEqualTo(pattern.hash());
            // It is JSON that says the same.
            JsonNode tree = mapper.readTree(pattern.canonical());
            assertThat(tree.path("error_code").asText()).isEqualTo(code.toString());
            assertThat(new SignaturePattern(SignalPhase.FETCH, code + "x", "a.*b").hash())
                    .isNotEqualTo(pattern.hash());
        }
    }

    /** In any order, with any spaces and any escapes. */
    private static String written(Random random, SignaturePattern pattern) {
        List<String> members = new ArrayList<>(List.of(
                text(random, "phase") + space(random) + ":" + space(random) + text(random, "fetch"),
                text(random, "error_code") + ":" + text(random, String.valueOf(pattern.errorCode())),
                text(random, "image_pattern") + ":" + space(random) + text(random, "a.*b")));
        Collections.shuffle(members, random);
        return "{" + space(random) + String.join(space(random) + "," + space(random), members) + space(random) + "}";
    }

    private static String space(Random random) {
        return List.of("", " ", "\n\t", "\r ").get(random.nextInt(4));
    }

    private static String text(Random random, String value) {
        StringBuilder json = new StringBuilder("\"");
        for (int point : value.codePoints().toArray()) {
            if (random.nextInt(3) == 0 || point < ' ' || point == '"' || point == '\\') {
                for (char character : Character.toChars(point)) {
                    String digits = HexFormat.of().toHexDigits(character);
                    json.append("\\u").append(random.nextBoolean() ? digits : digits.toUpperCase(Locale.ROOT));
                }
            } else if (point == '/' && random.nextBoolean()) {
                json.append("\\/");
            } else {
                json.appendCodePoint(point);
            }
        }
        return json.append('"').toString();
    }

    @Test
    void whatFitsEverythingOrIsNotValidIsRefused() {
        for (String wrong : List.of(
                "{}",
                "{\"phase\":null}",
                "{\"phase\":\"x\"}",
                "{\"phase\":\"ANALYZE\"}",
                "{\"error_code\":\"\"}",
                "{\"error_code\":7}",
                "{\"error_code\":\"\\u0000\"}",
                "{\"error_code\":\"" + "x".repeat(257) + "\"}",
                "{\"image\":\"x\",\"phase\":\"fetch\"}",
                "{\"image_pattern\":\"(\"}",
                "{\"image_pattern\":\"(a)\\\\1\"}",
                "{\"image_pattern\":\"a**\"}",
                "{\"image_pattern\":\"\\\\d\"}",
                "{\"image_pattern\":\"(?i)a\"}",
                "{\"image_pattern\":\"(?=a)\"}",
                "{\"image_pattern\":\"[[:alpha:]]\"}",
                "{\"image_pattern\":\"(a{255}){255}\"}",
                "{\"image_pattern\":\"***:a\"}",
                "{\"image_pattern\":\"" + "x".repeat(257) + "\"}",
                "[]",
                "\"x\"")) {
            assertThatThrownBy(() -> read(wrong)).as(wrong).isInstanceOf(QueryException.BadData.class);
        }
        assertThat(read("{\"image_pattern\":\"^registry\\\\.io/.*:v1.*$\"}").imagePattern())
                .isEqualTo("^registry\\.io/.*:v1.*$");
    }

    @Test
    void confidenceGrowsWithSamplesAndFadesWithTime() {
        assertThat(SignatureLearning.confidence(0)).isEqualByComparingTo("0");
        assertThat(SignatureLearning.confidence(5)).isEqualByComparingTo("0.5");
        assertThat(SignatureLearning.confidence(45)).isEqualByComparingTo("0.9");
        assertThat(SignatureLearning.confidence(1e12)).isEqualByComparingTo("1");
        assertThat(SignatureLearning.decayed(8, 0, 1_000)).isEqualTo(8);
        assertThat(SignatureLearning.decayed(8, 3_000, 1_000)).isEqualTo(1);
        assertThat(SignatureLearning.decayed(8, -5, 1_000)).isEqualTo(8);
    }
}
