package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.eventstats.testkit.TestingTokens;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens and tenants in the headers of real requests: rows 11 and 12 of the checklist, and the tenants of first signals. */
final class AuthHttpTest {
    private static final TestingTokens ISSUER = TestingTokens.create("one");
    private static final TestingTokens STRANGER = TestingTokens.create("two");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final long now = System.currentTimeMillis();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @BeforeEach
    void keys() throws IOException {
        Files.writeString(folder.resolve("keys.json"), TestingTokens.jwks(ISSUER));
    }

    private AuthService start(boolean required) {
        AuthSettings d = AuthSettings.DEFAULT;
        KeySettings keys = d.keys().withUrl(folder.resolve("keys.json").toString());
        return AuthService.start(
                new AuthSettings(keys, d.access(), "", "", "tenant_id", 0, 4_096, required), Map.of(), registry);
    }

    private String tenantToken(String tenant) {
        return ISSUER.token(now, claims -> claims.subject("Alice").claim("tenant_id", tenant));
    }

    private static void assertAnswer(HttpResponse<String> response, int status, String... parts) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.body()).contains(parts);
    }

    @Test
    void theTokenComesInEitherHeaderInAnyCase() throws Exception {
        String token = ISSUER.token("Alice", now);
        String other = ISSUER.token("Bob", now);
        try (AuthService auth = start(false);
                TestingAuthServer server = new TestingAuthServer(auth)) {
            for (List<String> header : List.of(
                    List.of("bearer", token),
                    List.of("BEARER", " " + token + " "),
                    List.of("Authorization", "Bearer " + token),
                    List.of("authorization", "bEaReR " + token),
                    List.of("AUTHORIZATION", "BEARER   " + token))) {
                assertAnswer(server.get("/user", header.getFirst(), header.getLast()), 200, "Alice");
            }
            assertAnswer(server.get("/user", "Authorization", "Bearer " + other, "bearer", token), 200, "Alice");
            assertAnswer(
                    server.get("/user", "Authorization", "Bearer " + token, "bearer", "nonsense"),
                    401,
                    "cannot be read");
        }
    }

    @Test
    void everythingElseIs401() throws Exception {
        try (AuthService auth = start(false);
                TestingAuthServer server = new TestingAuthServer(auth)) {
            assertAnswer(server.get("/user"), 401, "A token is required");
            for (String authorization :
                    List.of("Basic dTpw", "Bearer", "Bearer ", ISSUER.token("Alice", now), "bearerx y")) {
                assertThat(server.get("/user", "Authorization", authorization).statusCode())
                        .isEqualTo(401);
            }
            for (String token : List.of(
                    "nonsense",
                    STRANGER.token("Alice", now),
                    ISSUER.token(now, claims -> claims.expirationTime(new Date(now - 60_000))),
                    ISSUER.token(now, claims -> claims.notBeforeTime(new Date(now + 60_000))),
                    ISSUER.token(now, claims -> claims.audience("other")),
                    ISSUER.token(now, claims -> claims.claim("x", "y".repeat(4_096))))) {
                HttpResponse<String> response = server.get("/user", "bearer", token);
                assertThat(response.statusCode()).isEqualTo(401);
                assertThat(response.body())
                        .startsWith("The token")
                        .doesNotContain(token)
                        .doesNotContain("Exception");
            }
        }
    }

    @Test
    void withoutConfiguredKeysNobodyIsKnown() throws Exception {
        try (AuthService auth = AuthService.start(AuthSettings.DEFAULT, Map.of(), registry);
                TestingAuthServer server = new TestingAuthServer(auth)) {
            assertAnswer(server.get("/user", "bearer", ISSUER.token("Alice", now)), 503, "auth-keys-url");
            assertAnswer(server.get("/user"), 503, "auth-keys-url");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1"), 200, "T1");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "bearer", tenantToken("T1")), 503, "auth-keys-url");
            assertThat(auth.accessList().access(new Caller("Alice", null), "t"))
                    .isInstanceOf(TopicAccess.Refused.class);
        }
    }

    @Test
    void theTenantComesFromEitherHeader() throws Exception {
        try (AuthService auth = start(false);
                TestingAuthServer server = new TestingAuthServer(auth)) {
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1"), 200, "T1");
            assertAnswer(server.get("/tenant", "x-scope-orgid", "T1"), 200, "T1");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "X-Scope-OrgID", "T1"), 200, "T1");
            assertAnswer(server.get("/tenant"), 400, "X-Tenant-Id", "X-Scope-OrgID");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "X-Scope-OrgID", "T2"), 400, "more than one");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "X-Tenant-Id", "T2"), 400, "more than one");
            for (String bad : List.of("", "..", "a/b", "a b", "T1,T2", "x".repeat(129), "'; DROP TABLE")) {
                assertAnswer(server.get("/tenant", "X-Tenant-Id", bad), 400, "a tenant must be");
            }
        }
    }

    @Test
    void aTokenThatIsSentMustHoldAndAgree() throws Exception {
        try (AuthService auth = start(false);
                TestingAuthServer server = new TestingAuthServer(auth)) {
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "bearer", tenantToken("T1")), 200, "T1");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "bearer", ISSUER.token("A", now)), 200, "T1");
            assertAnswer(
                    server.get("/tenant", "X-Tenant-Id", "T1", "bearer", tenantToken("T2")), 403, "another tenant");
            assertAnswer(
                    server.get("/tenant", "X-Tenant-Id", "t1", "bearer", tenantToken("T1")), 403, "another tenant");
            HttpResponse<String> refused =
                    server.get("/tenant", "X-Tenant-Id", "T1", "Authorization", "Bearer " + STRANGER.token("A", now));
            assertAnswer(refused, 401, "signature");
            assertThat(refused.headers().firstValue("WWW-Authenticate")).contains("Bearer");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "Authorization", "Basic dTpw"), 200, "T1");
        }
    }

    @Test
    void aRequiredTokenMustNameTheTenant() throws Exception {
        try (AuthService auth = start(true);
                TestingAuthServer server = new TestingAuthServer(auth)) {
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1"), 401, "A token is required");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "Authorization", "Basic dTpw"), 401, "required");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "bearer", tenantToken("T1")), 200, "T1");
            assertAnswer(server.get("/tenant", "X-Tenant-Id", "T1", "bearer", tenantToken("T2")), 403, "another");
            assertAnswer(
                    server.get("/tenant", "X-Tenant-Id", "T1", "bearer", ISSUER.token("A", now)), 403, "'tenant_id'");
            assertAnswer(server.get("/tenant", "bearer", tenantToken("T1")), 400, "names no tenant");
        }
    }
}
