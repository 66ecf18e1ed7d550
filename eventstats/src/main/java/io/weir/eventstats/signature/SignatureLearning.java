package io.weir.eventstats.signature;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.database.StorableJson;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Makes signatures of failures that repeat. Failures of one phase and error code count together, each half as much after a half-life; from n of them
 * the confidence is n / (n + 5). With enough of them there is a signature; a person's signature of the same pattern keeps its outcome and its
 * confidence, and a learned one that a person changed keeps its outcome and whether it is enabled. Thread-safe.
 */
public final class SignatureLearning {
    /** Failures that make half confidence. */
    private static final double CONFIDENCE_HALF_SAMPLES = 5;

    private static final int TEXT_LENGTH_MAX = 512;

    private final Transactions transactions;
    private final SignatureSettings settings;
    private final Counter learned;
    private final Counter refused;

    public SignatureLearning(DataSource dataSource, SignatureSettings settings, MeterRegistry registry) {
        this.transactions = new Transactions(dataSource);
        this.settings = settings;
        learned = Counter.builder("weir.signature.learned")
                .description("Failure signatures made of repeated failures")
                .register(registry);
        refused = Counter.builder("weir.signature.refused")
                .description("Repeated failures that were not learned because their tenant has as many signatures or"
                        + " candidates as it may have")
                .register(registry);
    }

    /**
     * A failure.
     *
     * @param tenantId by {@link io.weir.eventstats.signal.TenantIds}
     * @param errorCode as events and matching name it
     * @param likelyCause for people; becomes part of the outcome
     * @param suggestedAction for people
     */
    public record Failure(
            UUID tenantId,
            SignalPhase phase,
            String errorCode,
            String likelyCause,
            @Nullable String suggestedAction,
            Instant at) {}

    /** The confidence that failures give: n / (n + 5), with three digits. */
    static BigDecimal confidence(double samples) {
        return BigDecimal.valueOf(samples / (samples + CONFIDENCE_HALF_SAMPLES)).setScale(3, RoundingMode.HALF_UP);
    }

    /** What a count has become after a time: half of it after each half-life. */
    static double decayed(double samples, long elapsedMillis, long halfLifeMillis) {
        return samples * Math.pow(0.5, Math.max(0, elapsedMillis) / (double) halfLifeMillis);
    }

    private record Counted(
            int samples, double decayedSamples, @Nullable UUID signatureId) {}

    /**
     * Counts a failure, and makes a signature or makes one surer if it repeats.
     *
     * @return the learned signature, if there is one now
     * @throws IllegalArgumentException if the error code is not valid
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    public Optional<UUID> observe(Failure failure) {
        if (!settings.learning()) {
            return Optional.empty();
        }
        SignaturePattern pattern = new SignaturePattern(failure.phase(), failure.errorCode(), null);
        return transactions.all("learn from a failure", connection -> {
            Optional<Counted> counted = count(connection, failure, pattern.hash());
            if (counted.isEmpty()) {
                refused.increment();
                return Optional.<UUID>empty();
            }
            UUID known = counted.get().signatureId();
            if (known != null) {
                strengthen(connection, known, counted.get(), failure.at());
                return Optional.of(known);
            }
            return counted.get().samples() < settings.learnSamplesMin()
                    ? Optional.<UUID>empty()
                    : learn(connection, failure, pattern, counted.get());
        });
    }

    /** Adds to the count of a pattern; empty if there is none and the tenant has no room for one. */
    private Optional<Counted> count(Connection connection, Failure failure, String hash) throws SQLException {
        Optional<Counted> known = addTo(connection, failure, hash);
        if (known.isPresent()) {
            return known;
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO scheduler.failure_signature_learning AS seen (tenant_id, signature_hash, sample_count,"
                        + " decayed_samples, observed_at) SELECT ?, ?, 1, 1, ? WHERE (SELECT count(*) FROM"
                        + " scheduler.failure_signature_learning WHERE tenant_id = ?) < ?"
                        + " ON CONFLICT (tenant_id, signature_hash) DO UPDATE SET sample_count = seen.sample_count + 1,"
                        + " decayed_samples = seen.decayed_samples + 1"
                        + " RETURNING sample_count, decayed_samples, signature_id")) {
            statement.setObject(1, failure.tenantId());
            statement.setString(2, hash);
            statement.setObject(3, utc(failure.at()));
            statement.setObject(4, failure.tenantId());
            statement.setInt(5, settings.candidatesPerTenantMax());
            return counted(statement);
        }
    }

    private Optional<Counted> addTo(Connection connection, Failure failure, String hash) throws SQLException {
        double decayed;
        Instant observed;
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT decayed_samples, observed_at FROM scheduler.failure_signature_learning"
                        + " WHERE tenant_id = ? AND signature_hash = ? FOR UPDATE")) {
            statement.setObject(1, failure.tenantId());
            statement.setString(2, hash);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return Optional.empty();
                }
                observed = rows.getObject(2, OffsetDateTime.class).toInstant();
                decayed = rows.getDouble(1);
            }
        }
        long elapsedMillis = failure.at().toEpochMilli() - observed.toEpochMilli();
        // A failure that is told late counts for what it is worth by now.
        double now = elapsedMillis >= 0
                ? decayed(decayed, elapsedMillis, settings.learnHalfLifeMillis()) + 1
                : decayed + decayed(1, -elapsedMillis, settings.learnHalfLifeMillis());
        try (PreparedStatement statement = connection.prepareStatement(
                "UPDATE scheduler.failure_signature_learning SET sample_count = least(sample_count::bigint + 1,"
                        + " 2147483647), decayed_samples = ?, observed_at = greatest(observed_at, ?)"
                        + " WHERE tenant_id = ? AND signature_hash = ?"
                        + " RETURNING sample_count, decayed_samples, signature_id")) {
            statement.setDouble(1, now);
            statement.setObject(2, utc(failure.at()));
            statement.setObject(3, failure.tenantId());
            statement.setString(4, hash);
            return counted(statement);
        }
    }

    private static Optional<Counted> counted(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            return rows.next()
                    ? Optional.of(new Counted(rows.getInt(1), rows.getDouble(2), rows.getObject(3, UUID.class)))
                    : Optional.empty();
        }
    }

    private static void strengthen(Connection connection, UUID signatureId, Counted counted, Instant at)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("UPDATE scheduler.failure_signatures SET confidence = ?, sample_count = ?,"
                        + " last_matched_at = greatest(last_matched_at, ?), updated_at = now() WHERE id = ?")) {
            statement.setBigDecimal(1, confidence(counted.decayedSamples()));
            statement.setInt(2, counted.samples());
            statement.setObject(3, utc(at));
            statement.setObject(4, signatureId);
            statement.executeUpdate();
        }
    }

    private Optional<UUID> learn(Connection connection, Failure failure, SignaturePattern pattern, Counted counted)
            throws SQLException {
        // A person's signature of this pattern: one sample more, the rest is the person's.
        try (PreparedStatement statement = connection.prepareStatement(
                "UPDATE scheduler.failure_signatures SET sample_count = least(sample_count::bigint + 1, 2147483647),"
                        + " last_matched_at = greatest(last_matched_at, ?), updated_at = now()"
                        + " WHERE tenant_id = ? AND signature_hash = ?")) {
            statement.setObject(1, utc(failure.at()));
            statement.setObject(2, failure.tenantId());
            statement.setString(3, pattern.hash());
            if (statement.executeUpdate() == 1) {
                return Optional.empty();
            }
        }
        if (!SignatureStore.hasRoom(connection, failure.tenantId(), settings.perTenantMax())) {
            refused.increment();
            return Optional.empty();
        }
        Optional<UUID> made = insert(connection, failure, pattern, counted);
        if (made.isPresent()) {
            learned.increment();
            remember(connection, failure.tenantId(), pattern.hash(), made.get());
        }
        return made;
    }

    private static Optional<UUID> insert(
            Connection connection, Failure failure, SignaturePattern pattern, Counted counted) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO scheduler.failure_signatures (tenant_id, signature_hash, signature_version, pattern,"
                    + " outcome, confidence, sample_count, last_matched_at) VALUES (?, ?, ?, ?::jsonb, ?::jsonb, ?, ?,"
                    + " ?) ON CONFLICT DO NOTHING RETURNING id")) {
            statement.setObject(1, failure.tenantId());
            statement.setString(2, pattern.hash());
            statement.setInt(3, SignaturePattern.VERSION);
            statement.setString(4, pattern.canonical());
            statement.setString(5, outcome(failure));
            statement.setBigDecimal(6, confidence(counted.decayedSamples()));
            statement.setInt(7, counted.samples());
            statement.setObject(8, utc(failure.at()));
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(rows.getObject(1, UUID.class)) : Optional.empty();
            }
        }
    }

    private static void remember(Connection connection, UUID tenantId, String hash, UUID signatureId)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("UPDATE scheduler.failure_signature_learning SET signature_id = ?"
                        + " WHERE tenant_id = ? AND signature_hash = ?")) {
            statement.setObject(1, signatureId);
            statement.setObject(2, tenantId);
            statement.setString(3, hash);
            statement.executeUpdate();
        }
    }

    private static String outcome(Failure failure) {
        ObjectNode outcome = JsonNodeFactory.instance.objectNode().put("likely_cause", storable(failure.likelyCause()));
        if (failure.suggestedAction() != null) {
            outcome.put("suggested_action", storable(failure.suggestedAction()));
        }
        return outcome.toString();
    }

    /** A message of our own may repeat anything that a client sent. */
    private static String storable(String text) {
        String clipped = text.length() <= TEXT_LENGTH_MAX ? text : text.substring(0, TEXT_LENGTH_MAX - 1) + "…";
        if (StorableJson.isStorable(clipped)) {
            return clipped;
        }
        StringBuilder kept = new StringBuilder();
        clipped.codePoints()
                .map(point -> point == 0 || Character.getType(point) == Character.SURROGATE ? '?' : point)
                .forEach(kept::appendCodePoint);
        return kept.toString();
    }

    private static OffsetDateTime utc(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }
}
