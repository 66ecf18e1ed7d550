package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.eventstats.testkit.TestingTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Keys and access list of a data folder, for standalone. */
final class LocalAuthTest {
    private static final Map<String, Set<String>> TOPICS = Map.of("t.one", Set.of(), "t.two", Set.of());
    private static final long NOW = System.currentTimeMillis();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private LocalAuth prepare(AuthSettings settings) throws IOException {
        return LocalAuth.prepare(folder, settings, TOPICS.keySet());
    }

    private static TokenClaims claims(String user, @Nullable String tenant) {
        return new TokenClaims(user, tenant, "tenant_id", null, null, 3_600_000);
    }

    private static Caller caller(AuthService auth, String token) throws AuthenticationException {
        return auth.authenticator().authenticate(name -> name.equals("bearer") ? token : null);
    }

    private Path privateFile() {
        return folder.resolve("auth/private-key.pem");
    }

    @Test
    void aTokenOfTheFoldersKeyLetsAdminReadEverything() throws Exception {
        LocalAuth local = prepare(AuthSettings.DEFAULT);
        assertThat(local.routes()).hasSize(1);
        String token = LocalKeys.open(folder).sign(claims("Admin", "T1"), NOW);
        try (AuthService auth = AuthService.start(local.settings(), TOPICS, new SimpleMeterRegistry())) {
            Caller admin = caller(auth, token);
            assertThat(admin).isEqualTo(new Caller("Admin", "T1"));
            assertThat(auth.accessList().access(admin, "t.one")).isEqualTo(new TopicAccess.Granted(RowFilter.ALL_ROWS));
            assertThat(auth.accessList().access(new Caller("other", null), "t.one"))
                    .isInstanceOf(TopicAccess.Refused.class);
        }
    }

    @Test
    void keysAndListAreMadeOnceAndKept() throws IOException {
        prepare(AuthSettings.DEFAULT);
        String key = Files.readString(privateFile());
        Files.writeString(folder.resolve("auth/access.json"), "{}");
        prepare(AuthSettings.DEFAULT);
        assertThat(Files.readString(privateFile())).isEqualTo(key);
        assertThat(Files.readString(folder.resolve("auth/access.json"))).isEqualTo("{}");
        assertThat(folder.resolve("auth")).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void thePrivateKeyIsItsOwnersOnly() throws IOException {
        prepare(AuthSettings.DEFAULT);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(privateFile())))
                .isEqualTo("rw-------");
        Files.setPosixFilePermissions(privateFile(), PosixFilePermissions.fromString("rw-r--r--"));
        LocalKeys.open(folder);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(privateFile())))
                .isEqualTo("rw-------");
    }

    @Test
    void keysOfSomebodyElseAreUsedInsteadAndMakeNoAdmin() throws IOException {
        Path keys = folder.resolve("keys.json");
        Files.writeString(keys, TestingTokens.jwks(TestingTokens.create("x")));
        AuthSettings foreign = AuthSettings.DEFAULT.withKeys(KeySettings.DEFAULT.withUrl(keys.toString()));
        LocalAuth local = prepare(foreign);
        assertThat(local.settings()).isEqualTo(foreign);
        assertThat(local.routes()).isEmpty();
        assertThat(folder.resolve("auth")).doesNotExist();
        AuthSettings ownList = AuthSettings.DEFAULT.withAccess(AccessSettings.DEFAULT.withFile("elsewhere.json"));
        assertThat(prepare(ownList).settings().access().file()).isEqualTo("elsewhere.json");
        assertThat(folder.resolve("auth/access.json")).doesNotExist();
    }

    @Test
    void aFolderWithoutAKeyOrWithADamagedOneIsAnErrorThatSaysWhatToDo() throws IOException {
        assertThatThrownBy(() -> LocalKeys.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(folder.toString(), "weir standalone", "--data-dir");
        prepare(AuthSettings.DEFAULT);
        String key = Files.readString(privateFile());
        for (String damaged : List.of("", "x", key.substring(0, 500), key.replace("M", "#"), "y".repeat(70_000))) {
            Files.writeString(privateFile(), damaged);
            assertThatThrownBy(() -> LocalKeys.openOrCreate(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("private-key.pem")
                    .message()
                    .doesNotContain("MII");
        }
    }

    @Test
    void thePrivateKeyIsInNoLogAndNoText() throws Exception {
        Logger root = (Logger) LoggerFactory.getLogger("io.weir");
        Level before = root.getLevel();
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        root.setLevel(Level.TRACE);
        root.addAppender(lines);
        try {
            LocalAuth local = prepare(AuthSettings.DEFAULT);
            LocalKeys keys = LocalKeys.open(folder);
            try (AuthService auth = AuthService.start(local.settings(), TOPICS, new SimpleMeterRegistry())) {
                caller(auth, keys.sign(claims("admin", null), NOW));
            }
            StringBuilder said = new StringBuilder(keys.toString())
                    .append(local)
                    .append(keys.publicDocument())
                    .append(SigningKey.ofPem(Files.readString(privateFile())));
            lines.list.forEach(line -> said.append(line.getFormattedMessage()));
            assertThat(lines.list).isNotEmpty();
            String pem = Files.readString(privateFile());
            String secret = pem.lines().filter(line -> !line.startsWith("-")).reduce("", String::concat);
            byte[] der = Base64.getDecoder().decode(secret);
            // After the modulus and the public exponent, which are public, everything is secret.
            String privatePart = Base64.getEncoder()
                    .withoutPadding()
                    .encodeToString(java.util.Arrays.copyOfRange(der, 300, der.length));
            assertThat(said.toString()).doesNotContain("PRIVATE KEY");
            for (int i = 0; i + 24 < privatePart.length(); i += 24) {
                assertThat(said.toString()).doesNotContain(privatePart.substring(i, i + 24));
            }
            for (String line : pem.lines().skip(7).limit(15).toList()) {
                assertThat(said.toString()).doesNotContain(line);
            }
        } finally {
            root.detachAppender(lines);
            root.setLevel(before);
        }
    }

    @Test
    void claimsAreChecked() {
        assertThatThrownBy(() -> claims(" ", null)).hasMessageContaining("user");
        assertThatThrownBy(() -> claims("a\nb", null)).hasMessageContaining("control");
        assertThatThrownBy(() -> claims("a".repeat(257), null)).hasMessageContaining("256");
        assertThatThrownBy(() -> claims("a", " ")).hasMessageContaining("tenant");
        assertThatThrownBy(() -> new TokenClaims("a", "T", "sub", null, null, 1_000))
                .hasMessageContaining("tenant's claim");
        assertThatThrownBy(() -> new TokenClaims("a", null, "t", null, null, 999))
                .hasMessageContaining("1s");
    }
}
