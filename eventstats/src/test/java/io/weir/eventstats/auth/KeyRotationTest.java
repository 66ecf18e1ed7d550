package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.eventstats.auth.AuthenticationException.Reason;
import io.weir.eventstats.testkit.TestingKeyServer;
import io.weir.eventstats.testkit.TestingTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys over real HTTP: rotation, a key server that is down, slow or wrong, and the bounds of reads: row 15 of the checklist. */
final class KeyRotationTest {
    private static final TestingTokens OLD = TestingTokens.create("old");
    private static final TestingTokens NEW = TestingTokens.create("new");
    private static final long HOUR = 3_600_000;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private static KeySettings settings(String url, long refreshMillis, long forcedMillis) {
        return new KeySettings(url, false, refreshMillis, 50, forcedMillis, 1_000, 1_000, 10_000, 8);
    }

    private AuthService start(KeySettings keys) {
        return AuthService.start(AuthSettings.DEFAULT.withKeys(keys), Map.of(), registry);
    }

    private static String user(AuthService auth, TestingTokens issuer) throws AuthenticationException {
        String token = issuer.token("Alice", System.currentTimeMillis());
        return auth.authenticator()
                .authenticate(name -> name.equals("Authorization") ? "Bearer " + token : null)
                .user();
    }

    private static void assertRefused(AuthService auth, TestingTokens issuer, Reason reason) {
        assertThatThrownBy(() -> user(auth, issuer))
                .isInstanceOfSatisfying(
                        AuthenticationException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    private double count(String name, String outcome) {
        return registry.get(name).tag("outcome", outcome).counter().count();
    }

    @Test
    void aTokenOfANewKeyIsAcceptedAfterOneRead() throws AuthenticationException {
        for (boolean jwks : List.of(true, false)) {
            try (TestingKeyServer server = TestingKeyServer.start(document(jwks, OLD));
                    AuthService auth = start(settings(server.url(), HOUR, HOUR))) {
                assertThat(user(auth, OLD)).isEqualTo("Alice");
                server.publish(document(jwks, OLD, NEW));
                assertThat(user(auth, NEW)).isEqualTo("Alice");
                assertThat(user(auth, OLD)).isEqualTo("Alice");
                assertThat(server.requests()).isEqualTo(2);
            }
        }
    }

    private static String document(boolean jwks, TestingTokens... issuers) {
        return jwks ? TestingTokens.jwks(issuers) : TestingTokens.eventGateDocument(issuers);
    }

    @Test
    void aKeyThatIsTakenBackIsRefusedAfterTheNextRead() throws AuthenticationException {
        try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD, NEW));
                AuthService auth = start(settings(server.url(), 50, HOUR))) {
            assertThat(user(auth, OLD)).isEqualTo("Alice");
            server.publish(TestingTokens.jwks(NEW));
            await().atMost(Duration.ofSeconds(10)).until(() -> count("weir_auth_keys_reads_total", "changed") == 2);
            assertRefused(auth, OLD, Reason.INVALID);
            assertThat(user(auth, NEW)).isEqualTo("Alice");
        }
    }

    @Test
    void aKeyServerThatIsDownOrWrongLeavesTheOldKeys() throws AuthenticationException {
        TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD));
        int port = server.port();
        try (AuthService auth = start(settings(server.url(), 50, 50))) {
            server.answerWith(500);
            awaitFailures(1);
            server.answerWith(302);
            awaitFailures(2);
            server.answerWith(200);
            server.publish("{\"keys\":[]}");
            awaitFailures(2);
            server.publish("<html>");
            awaitFailures(2);
            server.publish(TestingTokens.jwks(NEW).replaceFirst("\\}$", ",\"x\":\"" + "y".repeat(10_000) + "\"}"));
            awaitFailures(2);
            server.close();
            awaitFailures(2);
            assertThat(user(auth, OLD)).isEqualTo("Alice");
            assertRefused(auth, NEW, Reason.INVALID);
            try (TestingKeyServer again = TestingKeyServer.start(TestingTokens.jwks(NEW), port)) {
                assertThat(again.port()).isEqualTo(port);
                await().atMost(Duration.ofSeconds(10)).until(() -> count("weir_auth_keys_reads_total", "changed") == 2);
                assertThat(user(auth, NEW)).isEqualTo("Alice");
            }
        } finally {
            server.close();
        }
    }

    private void awaitFailures(int more) {
        double before = count("weir_auth_keys_reads_total", "failed");
        await().atMost(Duration.ofSeconds(10))
                .until(() -> count("weir_auth_keys_reads_total", "failed") >= before + more);
    }

    @Test
    void strangersCannotMakeItReadTheKeysMoreOftenThanAllowed() throws AuthenticationException {
        try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD));
                AuthService auth = start(settings(server.url(), HOUR, HOUR))) {
            for (int i = 0; i < 50; i++) {
                assertRefused(auth, NEW, Reason.INVALID);
            }
            assertThat(server.requests()).isEqualTo(2);
            assertThat(count("weir_auth_keys_forced_reads_total", "started")).isEqualTo(1);
            assertThat(count("weir_auth_keys_forced_reads_total", "limited")).isEqualTo(49);
            assertThat(user(auth, OLD)).isEqualTo("Alice");
        }
    }

    @Test
    void afterTheLeastTimeItReadsAgain() throws AuthenticationException {
        try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD));
                AuthService auth = start(settings(server.url(), HOUR, 100))) {
            assertRefused(auth, NEW, Reason.INVALID);
            server.publish(TestingTokens.jwks(NEW));
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> user(auth, NEW).equals("Alice"));
        }
    }

    @Test
    void manyAtOnceWaitForOneRead() throws Exception {
        try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD));
                AuthService auth = start(settings(server.url(), HOUR, HOUR));
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            server.publish(TestingTokens.jwks(NEW));
            server.delay(300, 0);
            List<Future<String>> users = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                users.add(callers.submit(() -> user(auth, NEW)));
            }
            for (Future<String> user : users) {
                assertThat(user.get()).isEqualTo("Alice");
            }
            assertThat(server.requests()).isEqualTo(2);
        }
    }

    @Test
    void aReadIsBoundedBeforeAndAfterItsHeaders() throws AuthenticationException {
        for (long[] delays : new long[][] {{3_000, 0}, {0, 3_000}}) {
            try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD))) {
                server.delay(delays[0], delays[1]);
                long start = System.nanoTime();
                try (AuthService auth = start(settings(server.url(), HOUR, HOUR))) {
                    assertThat(System.nanoTime() - start).isLessThan(2_500_000_000L);
                    assertRefused(auth, OLD, Reason.UNAVAILABLE);
                }
            }
        }
    }

    @Test
    void aTokenOfAnUnknownKeyWaitsNoLongerThanTheReadMay() throws AuthenticationException {
        try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD));
                AuthService auth = start(settings(server.url(), HOUR, HOUR))) {
            server.delay(0, 3_000);
            long start = System.nanoTime();
            assertRefused(auth, NEW, Reason.INVALID);
            assertThat(System.nanoTime() - start).isBetween(900_000_000L, 2_500_000_000L);
            long again = System.nanoTime();
            assertRefused(auth, NEW, Reason.INVALID);
            assertThat(System.nanoTime() - again)
                    .as("too soon for another read")
                    .isLessThan(500_000_000L);
            assertThat(user(auth, OLD)).isEqualTo("Alice");
        }
    }

    @Test
    void withoutKeysAtTheStartItRefusesUntilItHasReadSome() throws AuthenticationException {
        int port;
        try (TestingKeyServer free = TestingKeyServer.start("")) {
            port = free.port();
        }
        try (AuthService auth = start(settings("http://127.0.0.1:" + port + "/keys", HOUR, HOUR))) {
            assertRefused(auth, OLD, Reason.UNAVAILABLE);
            assertThat(registry.get("weir_auth_keys").gauge().value()).isZero();
            try (TestingKeyServer server = TestingKeyServer.start(TestingTokens.jwks(OLD), port)) {
                await().atMost(Duration.ofSeconds(10))
                        .ignoreExceptions()
                        .until(() -> user(auth, OLD).equals("Alice"));
                assertThat(server.requests()).isEqualTo(1);
            }
        }
    }

    @Test
    void requiredKeysFailTheStart() {
        KeySettings required =
                new KeySettings("http://127.0.0.1:1/keys", true, HOUR, 50, HOUR, 1_000, 1_000, 10_000, 8);
        assertThatThrownBy(() -> start(required))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("http://127.0.0.1:1/keys")
                .hasMessageContaining("auth-keys-required-at-start");
    }

    @Test
    void keysMayComeFromAFile() throws IOException, AuthenticationException {
        Path file = folder.resolve("keys.json");
        Files.writeString(file, TestingTokens.eventGateDocument(OLD));
        for (String url : List.of(file.toString(), file.toUri().toString())) {
            try (AuthService auth = start(settings(url, HOUR, HOUR))) {
                assertThat(user(auth, OLD)).isEqualTo("Alice");
            }
        }
        Files.writeString(file, " ".repeat(10_001));
        try (AuthService auth = start(settings(file.toString(), HOUR, HOUR))) {
            assertRefused(auth, OLD, Reason.UNAVAILABLE);
        }
    }

    @Test
    void whatIsNoPlaceForKeysFailsTheStart() {
        for (String url : List.of(
                "ftp://example.com/keys",
                "http://",
                "https://user:secret@example.com/keys",
                "http://exa mple.com/",
                "file://host/keys",
                "file:keys.json",
                "a\u0000b")) {
            assertThatThrownBy(() -> start(settings(url, HOUR, HOUR)))
                    .as(url)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("auth-keys-url")
                    .message()
                    .doesNotContain("secret");
        }
    }
}
