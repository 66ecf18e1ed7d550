package io.weir.precompute.registry;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** What processes tell each other by notifications: that jobs have changed, or have new results. Lost ones are made up for by polling. */
sealed interface Hint {
    /** As in LISTEN. */
    String CHANNEL = "weir_precompute";

    /** PostgreSQL allows less than 8,000 bytes. */
    int CHARACTERS_MAX = 7_000;

    /** Who sent it, and needs not be told. */
    String sender();

    record Jobs(String sender) implements Hint {}

    record Results(String sender, Set<String> jobIds) implements Hint {
        public Results {
            jobIds = Set.copyOf(jobIds);
        }
    }

    /** Of an unknown form: anything may have changed. */
    record Unknown(String sender) implements Hint {}

    /** Reads a notification. */
    static Hint read(String text) {
        String[] parts = text.split(" ", 3);
        if (parts.length == 2 && parts[0].equals("jobs")) {
            return new Jobs(parts[1]);
        }
        if (parts.length == 3 && parts[0].equals("results")) {
            return new Results(parts[1], Set.of(parts[2].split(",")));
        }
        return new Unknown("");
    }

    /** Sent when the transaction commits. */
    static void sendJobs(Connection connection, String sender) throws SQLException {
        send(connection, List.of("jobs " + sender));
    }

    /** As {@link #sendJobs}; in as many parts as it takes. */
    static void sendResults(Connection connection, String sender, Collection<String> jobIds) throws SQLException {
        List<String> texts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (String jobId : jobIds) {
            if (text.length() + jobId.length() > CHARACTERS_MAX) {
                texts.add("results " + sender + " " + text);
                text.setLength(0);
            }
            text.append(text.isEmpty() ? "" : ",").append(jobId);
        }
        if (!text.isEmpty()) {
            texts.add("results " + sender + " " + text);
        }
        send(connection, texts);
    }

    private static void send(Connection connection, List<String> texts) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select pg_notify(?, ?)")) {
            for (String text : texts) {
                statement.setString(1, CHANNEL);
                statement.setString(2, text);
                statement.execute();
            }
        }
    }
}
