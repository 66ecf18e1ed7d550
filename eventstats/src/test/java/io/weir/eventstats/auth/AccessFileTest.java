package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The access list's file: its first reading, its changes, and what happens when a change is not valid. */
final class AccessFileTest {
    private static final Map<String, Set<String>> FIELDS = Map.of("t", Set.of("tenant_id"));

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AuthMetrics metrics = new AuthMetrics(registry);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Path file() {
        return folder.resolve("access.json");
    }

    private AccessFile start() {
        return AccessFile.start(new AccessSettings(file().toString(), 20, 100, 64), FIELDS, metrics);
    }

    private static boolean mayRead(AccessFile access, String user) {
        return access.access(new Caller(user, null), "t") instanceof TopicAccess.Granted;
    }

    private double failing() {
        return registry.get("weir_auth_access_failing").gauge().value();
    }

    private double loads(String outcome) {
        return registry.get("weir_auth_access_loads_total")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    @Test
    void aChangeIsTakenOverEvenWithinTheSameTickOfTheFileSystem() throws IOException {
        Files.writeString(file(), "{\"t\":[\"a\"]}");
        FileTime time = Files.getLastModifiedTime(file());
        try (AccessFile access = start()) {
            assertThat(mayRead(access, "a")).isTrue();
            Path next = folder.resolve("next.json");
            Files.writeString(next, "{\"t\":[\"b\"]}");
            Files.setLastModifiedTime(next, time);
            Files.move(next, file(), StandardCopyOption.REPLACE_EXISTING);
            await().atMost(Duration.ofSeconds(10)).until(() -> mayRead(access, "b"));
            assertThat(mayRead(access, "a")).isFalse();
            assertThat(loads("loaded")).isEqualTo(2);
        }
    }

    @Test
    void aChangeThatIsNotValidKeepsTheListAndIsCountedOnce() throws IOException, InterruptedException {
        Files.writeString(file(), "{\"t\":[\"a\"]}");
        try (AccessFile access = start()) {
            assertThat(failing()).isZero();
            Files.writeString(file(), "{\"t\":{\"b\":{\"nothing\":[\"x\"]}}}");
            await().atMost(Duration.ofSeconds(10)).until(() -> failing() == 1);
            Thread.sleep(100);
            assertThat(mayRead(access, "a")).isTrue();
            double before = loads("failed");
            Files.delete(file());
            await().atMost(Duration.ofSeconds(10)).until(() -> loads("failed") == before + 1);
            Thread.sleep(100);
            assertThat(loads("failed")).isEqualTo(before + 1);
            assertThat(mayRead(access, "a")).isTrue();
            Files.writeString(file(), "{\"t\":[\"c\"]}" + " ".repeat(100));
            await().atMost(Duration.ofSeconds(10)).until(() -> loads("failed") >= before + 2);
            assertThat(mayRead(access, "a")).isTrue();
            Files.writeString(file(), "{\"t\":[\"c\"]}");
            await().atMost(Duration.ofSeconds(10)).until(() -> mayRead(access, "c"));
            await().atMost(Duration.ofSeconds(10)).until(() -> failing() == 0);
        }
    }

    @Test
    void aFileThatIsMissingOrNotValidFailsTheStart() throws IOException {
        assertThatThrownBy(this::start)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("access.json: there is no such file");
        Files.writeString(file(), "{\"t\":{\"b\":{\"nothing\":[\"x\"]}}}");
        assertThatThrownBy(this::start).hasMessageContainingAll("access.json", "'t'", "'b'", "'nothing'");
        Files.writeString(file(), "x".repeat(101));
        assertThatThrownBy(this::start).hasMessageContaining("auth-access-file-bytes-max");
    }
}
