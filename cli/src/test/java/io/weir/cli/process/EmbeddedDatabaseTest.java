package io.weir.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class EmbeddedDatabaseTest {
    @TempDir
    Path folder;

    /** Holds a database until it is killed. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            try (EmbeddedDatabase database = EmbeddedDatabase.start(Path.of(arguments[0]))) {
                execute(database, "create table kept (n int)");
                execute(database, "insert into kept values (42)");
                System.out.println("ready");
                Thread.sleep(600_000);
            }
        }
    }

    private static void execute(EmbeddedDatabase database, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database.jdbcUrl());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int kept(EmbeddedDatabase database) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database.jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select n from kept")) {
            assertThat(rows.next()).isTrue();
            return rows.getInt(1);
        }
    }

    private static long postmaster(Path data) throws IOException {
        return Long.parseLong(
                Files.readAllLines(data.resolve("postmaster.pid")).getFirst().trim());
    }

    @Test
    void whatItCommitsIsOnTheDisk() throws Exception {
        try (EmbeddedDatabase database = EmbeddedDatabase.start(folder.resolve("postgres"));
                Connection connection = DriverManager.getConnection(database.jdbcUrl());
                Statement statement = connection.createStatement()) {
            for (String setting : new String[] {"fsync", "synchronous_commit", "full_page_writes"}) {
                try (ResultSet rows = statement.executeQuery("show " + setting)) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getString(1)).as(setting).isEqualTo("on");
                }
            }
        }
    }

    @Test
    void aRestartOnTheSameFolderKeepsTheData() throws Exception {
        Path data = folder.resolve("postgres");
        try (EmbeddedDatabase database = EmbeddedDatabase.start(data)) {
            execute(database, "create table kept (n int)");
            execute(database, "insert into kept values (7)");
            assertThatThrownBy(() -> EmbeddedDatabase.start(data))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another Weir uses")
                    .hasMessageContaining("--data-dir");
            assertThat(kept(database)).isEqualTo(7);
        }
        try (EmbeddedDatabase database = EmbeddedDatabase.start(data)) {
            assertThat(kept(database)).isEqualTo(7);
        }
    }

    @Test
    void thePostgresOfAKilledParentIsStoppedAndItsDataKept() throws Exception {
        Path data = folder.resolve("postgres");
        Process parent = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        data.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader reader = parent.inputReader()) {
            String line = reader.readLine();
            while (line != null && !line.equals("ready")) {
                line = reader.readLine();
            }
            assertThat(line).isEqualTo("ready");
            parent.destroyForcibly().waitFor();
        }
        long leftover = postmaster(data);
        assertThat(ProcessHandle.of(leftover)).isPresent();
        try (EmbeddedDatabase database = EmbeddedDatabase.start(data)) {
            assertThat(kept(database)).isEqualTo(42);
            assertThat(postmaster(data)).isNotEqualTo(leftover);
            assertThat(ProcessHandle.of(leftover).map(ProcessHandle::isAlive).orElse(false))
                    .isFalse();
        }
    }

    @Test
    void aPidFileThatNamesAnotherProgramHarmsNobody() throws Exception {
        Path data = folder.resolve("postgres");
        EmbeddedDatabase.start(data).close();
        Files.writeString(
                data.resolve("postmaster.pid"), ProcessHandle.current().pid() + "\n" + data + "\n");
        try (EmbeddedDatabase database = EmbeddedDatabase.start(data)) {
            execute(database, "select 1");
        }
        assertThat(ProcessHandle.current().isAlive()).isTrue();
    }
}
