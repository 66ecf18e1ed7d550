package io.weir.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.cli.Main;
import io.weir.eventstats.auth.AuthService;
import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.auth.Caller;
import io.weir.eventstats.auth.LocalAuth;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code weir token}. */
final class TokenCommandTest {
    @TempDir
    private Path folder;

    private record Outcome(int exitCode, String out, String err) {}

    private Outcome token(String... arguments) {
        List<String> all = new ArrayList<>(List.of("token", "--data-dir", folder.toString()));
        all.addAll(List.of(arguments));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(String[]::new));
        return new Outcome(exitCode, out.toString(), err.toString());
    }

    private LocalAuth prepare() throws Exception {
        return LocalAuth.prepare(folder, AuthSettings.DEFAULT, Set.of("t"));
    }

    @Test
    void printsATokenThatTheFoldersKeysVerify() throws Exception {
        LocalAuth local = prepare();
        Outcome outcome = token("--sub", "Alice", "--tenant", "acme");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.out()).matches("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\R");
        try (AuthService auth = AuthService.start(local.settings(), Map.of(), new SimpleMeterRegistry())) {
            assertThat(auth.authenticator()
                            .authenticate(name ->
                                    name.equals("bearer") ? outcome.out().strip() : null))
                    .isEqualTo(new Caller("Alice", "acme"));
        }
    }

    @Test
    void theClaimsAreTheOptions() throws Exception {
        prepare();
        long before = System.currentTimeMillis() / 1000;
        JWTClaimsSet claims = SignedJWT.parse(token(
                                "--sub",
                                "a b",
                                "--ttl",
                                "1h30m",
                                "--aud",
                                "weir",
                                "--iss",
                                "me",
                                "--tenant",
                                "T1",
                                "--tenant-claim",
                                "org")
                        .out()
                        .strip())
                .getJWTClaimsSet();
        assertThat(claims.getSubject()).isEqualTo("a b");
        assertThat(claims.getAudience()).containsExactly("weir");
        assertThat(claims.getIssuer()).isEqualTo("me");
        assertThat(claims.getClaim("org")).isEqualTo("T1");
        assertThat(claims.getExpirationTime().getTime() - claims.getIssueTime().getTime())
                .isEqualTo(5_400_000);
        assertThat(claims.getIssueTime().getTime() / 1000).isBetween(before, before + 60);
        assertThat(SignedJWT.parse(token("--sub", "a").out().strip())
                        .getJWTClaimsSet()
                        .getClaims())
                .containsOnlyKeys("sub", "iat", "exp");
    }

    @Test
    void withoutAKeyPairItFailsAndSaysWhatToDo() throws Exception {
        Outcome outcome = token("--sub", "a");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).startsWith("weir: there is no key pair in").contains("weir standalone", "--data-dir");
        prepare();
        Files.writeString(folder.resolve("auth/private-key.pem"), "nonsense");
        assertThat(token("--sub", "a").exitCode()).isEqualTo(1);
        assertThat(token("--sub", "a").err()).contains("private-key.pem").doesNotContain("nonsense");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--ttl 1h | --sub",
                "--sub a --ttl soon | write it as 90s, 15m, 1h30m or 500ms",
                "--sub a --ttl 366d | --ttl must be at most 365d",
                "--sub a --ttl 999ms | at least 1s",
                "--sub a --tenant-claim exp --tenant T | claim",
                "--sub a --nope | --nope",
                "--sub | --sub"
            })
    void aWrongUseExitsWith2AndSaysWhatToWrite(String arguments, String message) throws Exception {
        prepare();
        Outcome outcome = token(arguments.split(" "));
        assertThat(outcome.err()).contains(message);
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void anEmptyUserIsAWrongUse() throws Exception {
        prepare();
        assertThat(token("--sub", " ").exitCode()).isEqualTo(2);
    }
}
