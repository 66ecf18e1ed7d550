package io.weir.cli.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;

/** The demonstration's sample of event statistics: invented runs and jobs, each row marked {@code environment = 'weir-demo'}. */
final class DemoStatistics {
    private static final String SQL = "/demo/statistics.sql";
    private static final int STATEMENT_SECONDS_MAX = 60;

    private DemoStatistics() {}

    /** Fills the tables, which must be there; does nothing where the sample is there already. */
    static void load(String jdbcUrl) throws IOException {
        try (InputStream in = Objects.requireNonNull(DemoStatistics.class.getResourceAsStream(SQL), SQL);
                Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(STATEMENT_SECONDS_MAX);
            connection.setAutoCommit(false);
            statement.execute(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            connection.commit();
        } catch (SQLException e) {
            throw new IOException("cannot load the sample of event statistics: " + e.getMessage(), e);
        }
    }
}
