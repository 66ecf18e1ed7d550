package io.weir.ingest.openmetrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.promql.labels.Labels;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TextParserTablesTest {
    private static final String NASTY_OPEN_METRICS = """
        # HELP http_requests Requests, "quoted" \\\\ and \\n
        # TYPE http_requests counter
        # UNIT http_requests requests
        http_requests_total{path="/a\\"b\\\\c\\nd}",code="200"} 17.5 1605301325.123 # {trace="a}b"} 1.0 1605301325
        http_requests_total{path="/é😀"} +Inf 1605301326
        {"my.metric","label.name"="x"} NaN 1605301327.5
        plain -0.0
        # EOF
        """;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a 1|{__name__=\"a\"} none 1.0",
                "a{} 1 1000|{__name__=\"a\"} 1000 1.0",
                "a { b = \"c\" , } 1e3 -5|{__name__=\"a\", b=\"c\"} -5 1000.0",
                "a:b{c=\"\"} .5|{__name__=\"a:b\"} none 0.5",
                "a{b=\"\\q\"} 1.|{__name__=\"a\", b=\"\\\\q\"} none 1.0",
                "{\"x y\"} -Inf|{__name__=\"x y\"} none -Infinity",
                "a{b=\"}\"}1|{__name__=\"a\", b=\"}\"} none 1.0",
            })
    void acceptsPrometheusText(String line, String expected) throws Exception {
        assertThat(parse(line + "\r\n\n", TextFormat.PROMETHEUS)).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a|without a value",
                "a x|is not a number",
                "a 0x1p3|is not a number",
                "a 1d|is not a number",
                "a 1 1.5|timestamp in milliseconds",
                "a 1 2 3|unexpected text",
                "a{b=\"c\" 1|closing brace",
                "a{b=c} 1|quoted value",
                "a{b=\"1\",b=\"2\"} 1|twice",
                "a{1b=\"c\"} 1|label name",
                "a{b \"c\"} 1|expected =",
                "1a 1|not allowed in a metric name",
                "{b=\"c\"} 1|without a metric name",
                "# TYPE a nonsense|unknown metric type",
            })
    void rejectsPrometheusText(String line, String problem) {
        assertThatThrownBy(() -> parse("ok 1\n" + line + "\n", TextFormat.PROMETHEUS))
                .isInstanceOf(TextFormatException.class)
                .hasMessageContaining("2")
                .hasMessageContaining(problem);
    }

    @Test
    void readsOpenMetrics() throws Exception {
        assertThat(parse(NASTY_OPEN_METRICS, TextFormat.OPENMETRICS))
                .containsExactly(
                        "meta http_requests  Requests, \"quoted\" \\ and \n ",
                        "meta http_requests counter  ",
                        "meta http_requests   requests",
                        "{__name__=\"http_requests_total\", code=\"200\", path=\"/a\\\"b\\\\c\\nd}\"}"
                                + " 1605301325123 17.5",
                        "{__name__=\"http_requests_total\", path=\"/é😀\"} 1605301326000 Infinity",
                        "{__name__=\"my.metric\", label.name=\"x\"} 1605301327500 NaN",
                        "{__name__=\"plain\"} none -0.0");
    }

    @Test
    void openMetricsCutAnywhereIsAnError() {
        byte[] whole = NASTY_OPEN_METRICS.getBytes(StandardCharsets.UTF_8);
        // The newline of the last line may be missing, nothing else.
        for (int length = 0; length < whole.length - 1; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> parse(cut, TextFormat.OPENMETRICS))
                    .as("length %d", length)
                    .isInstanceOf(TextFormatException.class);
        }
    }

    @Test
    void garbageNeverCrashes() throws Exception {
        long seed = 20260821;
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        byte[] alphabet = "{}\"\\=, \t\n\r#ab1.eE+-NaNInf_:".getBytes(StandardCharsets.US_ASCII);
        byte[] nasty = NASTY_OPEN_METRICS.getBytes(StandardCharsets.UTF_8);
        int accepted = 0;
        for (int round = 0; round < 60_000; round++) {
            byte[] text;
            if (round % 2 == 0) {
                text = new byte[random.nextInt(40)];
                for (int i = 0; i < text.length; i++) {
                    text[i] = alphabet[random.nextInt(alphabet.length)];
                }
            } else {
                text = nasty.clone();
                for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                    text[random.nextInt(text.length)] =
                            random.nextBoolean() ? (byte) random.nextInt() : alphabet[random.nextInt(alphabet.length)];
                }
            }
            try {
                parse(text, random.nextBoolean() ? TextFormat.OPENMETRICS : TextFormat.PROMETHEUS);
                accepted++;
            } catch (TextFormatException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(accepted).isPositive();
    }

    @Test
    void labelValuesSurviveTheRoundTrip() throws Exception {
        long seed = 7;
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        String[] pieces = {"\\", "\"", "\n", "n", "}", "{", ",", "=", " ", "é", "😀", "\t", "#", "\\n"};
        for (int round = 0; round < 2_000; round++) {
            StringBuilder value = new StringBuilder("v");
            for (int i = random.nextInt(12); i > 0; i--) {
                value.append(pieces[random.nextInt(pieces.length)]);
            }
            String escaped =
                    value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
            List<Labels> seen = new ArrayList<>();
            new TextParser(stream("m{l=\"" + escaped + "\"} 1\n"), TextFormat.PROMETHEUS)
                    .parse((labels, timestampMillis, number) -> seen.add(labels));
            assertThat(seen).containsExactly(Labels.of("__name__", "m", "l", value.toString()));
        }
    }

    @Test
    void lineLengthIsBounded() {
        String text = "a{b=\"" + "x".repeat(TextParser.LINE_BYTES_MAX) + "\"} 1\n";
        assertThatThrownBy(() -> parse(text, TextFormat.PROMETHEUS))
                .isInstanceOf(TextFormatException.class)
                .hasMessageContaining("lineBytesMax");
    }

    private static List<String> parse(String text, TextFormat format) throws IOException, InterruptedException {
        return parse(text.getBytes(StandardCharsets.UTF_8), format);
    }

    private static List<String> parse(byte[] text, TextFormat format) throws IOException, InterruptedException {
        List<String> seen = new ArrayList<>();
        new TextParser(new ByteArrayInputStream(text), format).parse(new TextConsumer() {
            @Override
            public void sample(Labels labels, long timestampMillis, double value) {
                String time = timestampMillis == TextParser.NO_TIMESTAMP ? "none" : Long.toString(timestampMillis);
                seen.add(labels + " " + time + " " + value);
            }

            @Override
            public void metadata(String metric, String type, String help, String unit) {
                seen.add("meta " + metric + " " + type + " " + help + " " + unit);
            }
        });
        return seen;
    }

    private static ByteArrayInputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
