package io.weir.eventstats.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.google.re2j.Pattern;
import io.weir.eventstats.auth.AccessPattern;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.signature.SignatureLearning.Failure;
import io.weir.eventstats.telemetry.RollupSettings;
import io.weir.eventstats.telemetry.TelemetrySettings;
import io.weir.eventstats.testkit.TestingTelemetry;
import io.weir.eventstats.testkit.TestingTelemetry.Answer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Failure signatures over HTTP, matched and learned: rows 8, 9 and 10 of checklist D3. */
final class SignatureTest {
    private static final String PATH = "/api/v1/failure-signatures";
    private static final String OUTCOME = "{\"likely_cause\":\"rate limit\",\"mttr_p50_seconds\":300}";
    private static final UUID T1 = TenantIds.of("T1");
    private static final long HALF_LIFE_MILLIS = 3_600_000;

    @SuppressWarnings("NullAway.Init")
    private static TestingTelemetry api;

    @BeforeAll
    static void start() throws Exception {
        api = new TestingTelemetry(new TelemetrySettings(
                1_000,
                1 << 20,
                300_000,
                744,
                400,
                RollupSettings.DEFAULT,
                new SignatureSettings(20, true, 3, HALF_LIFE_MILLIS, 4),
                TelemetrySettings.DEFAULT.retention()));
    }

    @AfterAll
    static void stop() throws Exception {
        api.close();
    }

    @BeforeEach
    void empty() throws Exception {
        api.execute("TRUNCATE scheduler.failure_signatures, scheduler.failure_signature_learning");
    }

    private static String body(String pattern, String... more) {
        StringBuilder body = new StringBuilder("{\"pattern\":" + pattern + ",\"outcome\":" + OUTCOME);
        for (int i = 0; i < more.length; i += 2) {
            body.append(",\"").append(more[i]).append("\":").append(more[i + 1]);
        }
        return body.append('}').toString();
    }

    private static UUID create(String pattern, String... more) throws Exception {
        Answer answer = api.post(PATH, "T1", body(pattern, more));
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        UUID id = UUID.fromString(answer.data().path("id").asText());
        assertThat(answer.headers().get("location")).containsExactly(PATH + "/" + id);
        return id;
    }

    private static Optional<UUID> match(String phase, String code, @Nullable String image) {
        return api.service().signatures().match(T1, phase, code, image).map(SignatureMatch::signatureId);
    }

    @Test
    void theRightSignatureMatchesOrNone() throws Exception {
        UUID exact = create("{\"phase\":\"analyze\",\"error_code\":\"E1\"}");
        assertThat(match("analyze", "E1", "x")).contains(exact);
        assertThat(match("fetch", "E1", "x")).isEmpty();
        assertThat(match("analyze", "E2", "x")).isEmpty();
        assertThat(api.service().signatures().match(TenantIds.of("T2"), "analyze", "E1", "x"))
                .isEmpty();
        create("{\"error_code\":\"E3\"}", "expires_at", "\"2020-01-01T00:00:00Z\"");
        assertThat(match("analyze", "E3", "x")).isEmpty();
        create("{\"error_code\":\"E4\"}", "enabled", "false");
        assertThat(match("analyze", "E4", "x")).isEmpty();
        UUID image = create("{\"image_pattern\":\"^registry\\\\.io/.*:v1\"}");
        assertThat(match("analyze", "E5", null)).isEmpty();
        assertThat(match("analyze", "E5", "registry.io/app:v1.2")).contains(image);
        assertThat(match("analyze", "E5", "other.io/registry.io/app:v1")).isEmpty();
        // Two candidates: the surer one, then the one with more samples.
        UUID surer = create("{\"phase\":\"analyze\"}", "confidence", "0.9");
        assertThat(match("analyze", "E1", "x")).contains(surer);
        api.execute("UPDATE scheduler.failure_signatures SET confidence = 0.9, sample_count = 5 WHERE id = '" + exact
                + "'");
        assertThat(match("analyze", "E1", "x")).contains(exact);
    }

    @Test
    void aRegularExpressionThatSqlPutThereAndIsNotValidHurtsNoOther() throws Exception {
        UUID good = create("{\"image_pattern\":\"app\"}", "confidence", "0.2");
        api.execute("INSERT INTO scheduler.failure_signatures (tenant_id, signature_hash, pattern, outcome, confidence)"
                + " VALUES ('" + T1 + "', 'x', '{\"image_pattern\":\"(\"}', '{\"likely_cause\":\"?\"}', 1),"
                + " ('" + T1 + "', 'y', '{\"image_pattern\":\"(a{255}){255}\"}', '{\"likely_cause\":\"?\"}', 1)");
        assertThat(match("analyze", "E", "my/app")).contains(good);
        assertThat(api.get(PATH, "T1").data().path("signatures")).hasSize(3);
        Answer answer = api.post(PATH, "T1", body("{\"image_pattern\":\"(\"}"));
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.error()).contains("pattern.image_pattern");
    }

    @Test
    void theSamePatternIsOneSignatureHoweverItIsWritten() throws Exception {
        UUID id = create("{\"phase\":\"analyze\",\"error_code\":\"E1\"}");
        Answer again = api.post(PATH, "T1", body("{ \"error_code\":\"\\u0045\\u0031\", \"phase\":\"analyze\" }"));
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.error()).contains(id.toString());
        assertThat(api.one("SELECT count(*) FROM scheduler.failure_signatures")).isEqualTo("1");
        // Another tenant's is another.
        assertThat(api.post(PATH, "T2", body("{\"phase\":\"analyze\",\"error_code\":\"E1\"}"))
                        .status())
                .isEqualTo(201);
        assertThat(api.one("SELECT count(DISTINCT signature_hash), count(*) FROM scheduler.failure_signatures"))
                .isEqualTo("1|2");
        // At the same time, too.
        List<Callable<Answer>> posts =
                Collections.nCopies(8, () -> api.post(PATH, "T1", body("{\"error_code\":\"R\"}")));
        List<Integer> statuses = new ArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Answer> post : executor.invokeAll(posts)) {
                statuses.add(post.get().status());
            }
        }
        assertThat(statuses).containsOnlyOnce(201).allMatch(status -> status == 201 || status == 409);
    }

    @Test
    void whatIsNotValidIsRefused() throws Exception {
        for (String wrong : List.of(
                "{}",
                "{\"pattern\":{\"phase\":\"fetch\"}}",
                "{\"outcome\":" + OUTCOME + "}",
                body("{}"),
                body("{\"image_pattern\":\"(a)\\\\1\"}"),
                body("{\"phase\":\"fetch\"}", "confidence", "1.001"),
                body("{\"phase\":\"fetch\"}", "confidence", "0.5555"),
                body("{\"phase\":\"fetch\"}", "confidence", "\"1\""),
                body("{\"phase\":\"fetch\"}", "confidence", "1e-400"),
                body("{\"phase\":\"fetch\"}", "enabled", "1"),
                body("{\"phase\":\"fetch\"}", "expires_at", "\"soon\""),
                body("{\"phase\":\"fetch\"}", "expires_at", "\"9999-01-01T00:00:00Z\""),
                body("{\"phase\":\"fetch\"}", "id", "1"),
                "{\"pattern\":{\"phase\":\"fetch\"},\"outcome\":{}}",
                "{\"pattern\":{\"phase\":\"fetch\"},\"outcome\":{\"x\":1}}",
                "{\"pattern\":{\"phase\":\"fetch\"},\"outcome\":{\"mttr_p50_seconds\":-1}}",
                "{\"pattern\":{\"phase\":\"fetch\"},\"outcome\":{\"likely_cause\":\"\\u0000\"}}",
                "{\"pattern\":{\"phase\":\"fetch\"},\"outcome\":{\"remediation_url\":\"javascript:alert(1)\"}}",
                "{\"pattern\":{\"phase\":\"fetch\"},\"outcome\":{\"remediation_url\":\"//evil\"}}",
                "[]",
                "x")) {
            Answer answer = api.post(PATH, "T1", wrong);
            assertThat(answer.status()).as(wrong + " " + answer.body()).isEqualTo(400);
            assertThat(answer.json().path("errorType").asText()).isEqualTo("bad_data");
        }
        assertThat(api.send("POST", PATH, "T1", "x".repeat(70_000)).status()).isEqualTo(413);
        assertThat(api.send("POST", PATH, "T1", "{}", "Content-Type", "text/plain")
                        .status())
                .isEqualTo(415);
        assertThat(api.send("POST", PATH, null, body("{\"phase\":\"fetch\"}")).status())
                .isEqualTo(400);
        assertThat(api.one("SELECT count(*) FROM scheduler.failure_signatures")).isEqualTo("0");
    }

    @Test
    void aSignatureIsReadChangedConfirmedAndDeletedByItsTenantAlone() throws Exception {
        UUID id = create("{\"phase\":\"fetch\"}");
        String path = PATH + "/" + id;
        assertThat(api.get(path, "T1").data().path("pattern").toString()).isEqualTo("{\"phase\":\"fetch\"}");
        for (String method : List.of("GET", "PATCH", "DELETE")) {
            String body = method.equals("PATCH") ? "{\"enabled\":false}" : null;
            assertThat(api.send(method, path, "T2", body).status()).isEqualTo(404);
            assertThat(api.send(method, PATH + "/abc", "T1", body).status()).isEqualTo(400);
            assertThat(api.send(method, PATH + "/" + new UUID(1, 2), "T1", body).status())
                    .isEqualTo(404);
        }
        assertThat(api.send("POST", path + "/confirm", "T2", null).status()).isEqualTo(404);
        Answer changed = api.send(
                "PATCH", path, "T1", "{\"confidence\":0.75,\"enabled\":false,\"expires_at\":\"2030-01-01T00:00:00Z\"}");
        assertThat(changed.data().path("confidence").asDouble()).isEqualTo(0.75);
        assertThat(changed.data().path("enabled").asBoolean()).isFalse();
        assertThat(changed.data().path("expires_at").asText()).isEqualTo("2030-01-01T00:00:00Z");
        changed = api.send("PATCH", path, "T1", "{\"expires_at\":null,\"outcome\":{\"likely_cause\":\"x\"}}");
        assertThat(changed.data().path("expires_at").isNull()).isTrue();
        assertThat(changed.data().path("enabled").asBoolean()).isFalse();
        assertThat(changed.data().path("outcome").toString()).isEqualTo("{\"likely_cause\":\"x\"}");
        for (String wrong : List.of("{}", "{\"pattern\":{\"phase\":\"fetch\"}}", "{\"confidence\":2}", "[]")) {
            assertThat(api.send("PATCH", path, "T1", wrong).status()).as(wrong).isEqualTo(400);
        }
        JsonNode confirmed = api.send("POST", path + "/confirm", "T1", null).data();
        assertThat(confirmed.path("sample_count").asInt()).isEqualTo(1);
        assertThat(confirmed.path("last_matched_at").isNull()).isFalse();
        assertThat(api.send("DELETE", path, "T1", null).status()).isEqualTo(204);
        assertThat(api.send("DELETE", path, "T1", null).status()).isEqualTo(404);
    }

    @Test
    void matchingOverHttpTellsTheOutcomeAndTriesAPatternThatIsNotStored() throws Exception {
        UUID id = create("{\"phase\":\"fetch\",\"error_code\":\"E\"}");
        String failure = "{\"phase\":\"fetch\",\"error_code\":\"E\"}";
        JsonNode found = api.post(PATH + "/match", "T1", failure).data();
        assertThat(found.at("/match/signature_id").asText()).isEqualTo(id.toString());
        assertThat(found.at("/match/outcome/likely_cause").asText()).isEqualTo("rate limit");
        JsonNode others = api.post(PATH + "/match", "T2", failure).data();
        assertThat(others.path("match").isNull()).isTrue();
        // Looking changes nothing.
        assertThat(api.one("SELECT sample_count, last_matched_at FROM scheduler.failure_signatures"))
                .isEqualTo("0|null");
        String tried = "{\"phase\":\"fetch\",\"image_reference\":%s,\"pattern\":{\"image_pattern\":\"app:v[0-9]\"}}";
        for (String image : List.of("\"my/app:v1\"", "\"my/app:vx\"", "null")) {
            Answer answer = api.post(PATH + "/match", "T1", tried.formatted(image));
            assertThat(answer.data().path("matches"))
                    .as(answer.body())
                    .isEqualTo(BooleanNode.valueOf(image.contains("v1")));
        }
        for (String wrong : List.of(
                "{}", "{\"phase\":\"x\"}", "{\"phase\":\"fetch\",\"x\":1}", "{\"phase\":\"fetch\",\"pattern\":{}}")) {
            assertThat(api.post(PATH + "/match", "T1", wrong).status())
                    .as(wrong)
                    .isEqualTo(400);
        }
    }

    @Test
    void aListHasPagesAndATenantABound() throws Exception {
        for (int i = 0; i < 20; i++) {
            create("{\"error_code\":\"E" + i + "\"}", "enabled", Boolean.toString(i % 2 == 0));
        }
        Answer more = api.post(PATH, "T1", body("{\"error_code\":\"more\"}"));
        assertThat(more.status()).isEqualTo(409);
        assertThat(more.error()).contains("telemetry-signature-per-tenant-max");
        List<String> ids = new ArrayList<>();
        String after = "";
        while (after != null) {
            JsonNode page = api.get(PATH + "?limit=7" + after, "T1").data();
            page.path("signatures")
                    .forEach(signature -> ids.add(signature.path("id").asText()));
            after = page.path("next").isNull()
                    ? null
                    : "&after=" + page.path("next").asText();
        }
        assertThat(ids).hasSize(20).doesNotHaveDuplicates();
        assertThat(api.get(PATH + "?enabled=true", "T1").data().path("signatures"))
                .hasSize(10);
        assertThat(api.get(PATH, "T2").data().path("signatures")).isEmpty();
        for (String wrong : List.of("limit=0", "limit=1001", "limit=x", "after=x", "enabled=1", "x=1")) {
            assertThat(api.get(PATH + "?" + wrong, "T1").status()).as(wrong).isEqualTo(400);
        }
    }

    private static Failure failure(String code, Instant at) {
        return new Failure(T1, SignalPhase.ANALYZE, code, "\ud800\u0000 ran out of time", "ask for less", at);
    }

    @Test
    void failuresThatRepeatBecomeASignature() throws Exception {
        SignatureLearning learning = api.service().learning();
        Instant start = Instant.parse("2026-01-01T00:00:00Z");
        assertThat(learning.observe(failure("timeout", start))).isEmpty();
        assertThat(learning.observe(failure("timeout", start))).isEmpty();
        assertThat(match("analyze", "timeout", null)).isEmpty();
        UUID learned = learning.observe(failure("timeout", start)).orElseThrow();
        assertThat(match("analyze", "timeout", null)).contains(learned);
        String row = "SELECT confidence, sample_count, outcome->>'suggested_action' FROM scheduler.failure_signatures";
        assertThat(api.one(row)).isEqualTo("0.375|3|ask for less");
        // Three halved, and one: 2.5 of 7.5.
        assertThat(learning.observe(failure("timeout", start.plusMillis(HALF_LIFE_MILLIS))))
                .contains(learned);
        assertThat(api.one(row)).isEqualTo("0.333|4|ask for less");
        // A person's word stands.
        assertThat(api.send("PATCH", PATH + "/" + learned, "T1", "{\"enabled\":false}")
                        .status())
                .isEqualTo(200);
        learning.observe(failure("timeout", start.plusMillis(HALF_LIFE_MILLIS)));
        assertThat(match("analyze", "timeout", null)).isEmpty();
        // A pattern that a person made keeps its confidence.
        create("{\"phase\":\"analyze\",\"error_code\":\"internal\"}", "confidence", "0.8");
        for (int i = 0; i < 4; i++) {
            assertThat(learning.observe(failure("internal", start))).isEmpty();
        }
        assertThat(api.one(row + " WHERE pattern->>'error_code' = 'internal'")).isEqualTo("0.800|2|null");
    }

    @Test
    void whatIsLearnedIsBoundedByTenant() throws Exception {
        SignatureLearning learning = api.service().learning();
        double before = api.registry().counter("weir.signature.refused").count();
        for (int i = 0; i < 10; i++) {
            learning.observe(failure("E" + i, Instant.now()));
        }
        assertThat(api.one("SELECT count(*) FROM scheduler.failure_signature_learning"))
                .isEqualTo("4");
        assertThat(api.registry().counter("weir.signature.refused").count() - before)
                .isEqualTo(6);
        assertThatThrownBy(() -> learning.observe(failure("", Instant.now())))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** What the check lets through means the same to PostgreSQL, which matches, as to RE2, whose time is linear. */
    @Test
    void acceptedPatternsMeanTheSameToPostgresAndRe2() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        int accepted = 0;
        int matched = 0;
        try (Connection connection = api.connection();
                PreparedStatement statement = connection.prepareStatement("SELECT ?::text ~ ?::text")) {
            for (int i = 0; i < 12_000; i++) {
                String pattern = random(random, "ab1./:-|()[]^$*+?{}2,\\ä", 1 + random.nextInt(9));
                try {
                    AccessPattern.parse(pattern, SignaturePattern.IMAGE_PATTERN_LENGTH_MAX);
                } catch (IllegalArgumentException e) {
                    continue;
                }
                accepted++;
                String text = random(random, "ab1./:-ä", random.nextInt(8));
                statement.setString(1, text);
                statement.setString(2, pattern);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    boolean found = Pattern.compile(pattern, Pattern.DOTALL)
                            .matcher(text)
                            .find();
                    assertThat(rows.getBoolean(1))
                            .as("seed=" + seed + " '" + pattern + "' in '" + text + "'")
                            .isEqualTo(found);
                    matched += found ? 1 : 0;
                }
            }
        }
        assertThat(accepted).isGreaterThan(500);
        assertThat(matched).isBetween(50, accepted - 50);
    }

    private static String random(Random random, String alphabet, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }
}
