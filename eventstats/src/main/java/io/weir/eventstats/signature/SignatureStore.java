package io.weir.eventstats.signature;

import io.weir.eventstats.signature.SignatureChange.Expiry;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The failure signatures of tenants, in table {@code scheduler.failure_signatures}. Thread-safe; each method throws {@link
 * DatabaseUnavailableException} if the database cannot be reached or is too slow.
 */
public final class SignatureStore {
    private static final String COLUMNS =
            "id, created_at, updated_at, signature_hash, signature_version, pattern, outcome,"
                    + " confidence, sample_count, last_matched_at, enabled, expires_at";

    private final Transactions transactions;
    private final int perTenantMax;

    /** For who only matches and confirms. */
    public SignatureStore(DataSource dataSource) {
        this(dataSource, SignatureSettings.DEFAULT);
    }

    public SignatureStore(DataSource dataSource, SignatureSettings settings) {
        this.transactions = new Transactions(dataSource);
        this.perTenantMax = settings.perTenantMax();
    }

    /** What became of a new signature. */
    public sealed interface Creation {
        /** It is there. */
        record Created(Signature signature) implements Creation {}

        /** The tenant has one of this pattern already. */
        record Known(UUID id) implements Creation {}

        /** The tenant has as many as it may have. */
        record Full(int perTenantMax) implements Creation {}
    }

    /**
     * The signature that fits a failure best: the one with the highest confidence, then with the most samples, among those that are enabled and
     * have not expired. Matching is PostgreSQL's alone, in the seed's function.
     *
     * @param tenantId by {@link io.weir.eventstats.signal.TenantIds}
     * @param phase one of the seven phases
     * @param errorCode null fits only signatures that name none
     * @param imageReference null fits only signatures without an {@code image_pattern}
     */
    public Optional<SignatureMatch> match(
            UUID tenantId, String phase, @Nullable String errorCode, @Nullable String imageReference) {
        return transactions.single("match a failure", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT signature_id, outcome, confidence FROM scheduler.match_failure_signature(?, ?, ?, ?)")) {
                statement.setObject(1, tenantId);
                statement.setString(2, phase);
                statement.setString(3, errorCode);
                statement.setString(4, imageReference);
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next()
                            ? Optional.of(new SignatureMatch(
                                    rows.getObject(1, UUID.class), rows.getString(2), rows.getBigDecimal(3)))
                            : Optional.empty();
                }
            }
        });
    }

    /** Whether a pattern that is not stored would fit a failure. */
    public boolean fits(
            SignaturePattern pattern, String phase, @Nullable String errorCode, @Nullable String imageReference) {
        boolean others = (pattern.phase() == null || pattern.phase().text().equals(phase))
                && (pattern.errorCode() == null || pattern.errorCode().equals(errorCode));
        if (pattern.imagePattern() == null) {
            return others;
        }
        return transactions.single("match a pattern", connection -> {
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?::text ~ ?::text")) {
                statement.setString(1, imageReference);
                statement.setString(2, pattern.imagePattern());
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return rows.getBoolean(1) && others;
                }
            }
        });
    }

    /**
     * Adds a signature.
     *
     * @param outcome JSON object
     */
    public Creation create(
            UUID tenantId,
            SignaturePattern pattern,
            String outcome,
            BigDecimal confidence,
            boolean enabled,
            @Nullable Instant expiresAt) {
        return transactions.all("add a signature", connection -> {
            Optional<UUID> known = idOf(connection, tenantId, pattern.hash());
            if (known.isPresent()) {
                return new Creation.Known(known.get());
            }
            if (!hasRoom(connection, tenantId, perTenantMax)) {
                return new Creation.Full(perTenantMax);
            }
            try (PreparedStatement statement = connection.prepareStatement(
                    "INSERT INTO scheduler.failure_signatures (tenant_id, signature_hash, signature_version, pattern,"
                            + " outcome, confidence, enabled, expires_at)"
                            + " VALUES (?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING "
                            + COLUMNS)) {
                statement.setObject(1, tenantId);
                statement.setString(2, pattern.hash());
                statement.setInt(3, SignaturePattern.VERSION);
                statement.setString(4, pattern.canonical());
                statement.setString(5, outcome);
                statement.setBigDecimal(6, confidence);
                statement.setBoolean(7, enabled);
                statement.setObject(8, utc(expiresAt));
                List<Signature> created = read(statement);
                return created.isEmpty()
                        ? new Creation.Known(
                                idOf(connection, tenantId, pattern.hash()).orElseThrow())
                        : new Creation.Created(created.getFirst());
            }
        });
    }

    /** Whether a tenant may have one more; keeps others from adding to that tenant until the transaction ends. */
    static boolean hasRoom(Connection connection, UUID tenantId, int perTenantMax) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement(
                "SELECT pg_advisory_xact_lock(hashtextextended('weir failure_signatures ' || ?::text, 0))")) {
            lock.setString(1, tenantId.toString());
            lock.execute();
        }
        try (PreparedStatement count =
                connection.prepareStatement("SELECT count(*) FROM scheduler.failure_signatures WHERE tenant_id = ?")) {
            count.setObject(1, tenantId);
            try (ResultSet rows = count.executeQuery()) {
                rows.next();
                return rows.getLong(1) < perTenantMax;
            }
        }
    }

    private static Optional<UUID> idOf(Connection connection, UUID tenantId, String hash) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT id FROM scheduler.failure_signatures WHERE tenant_id = ? AND signature_hash = ?")) {
            statement.setObject(1, tenantId);
            statement.setString(2, hash);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(rows.getObject(1, UUID.class)) : Optional.empty();
            }
        }
    }

    /** A signature; empty if the tenant has none of this id. */
    public Optional<Signature> find(UUID tenantId, UUID id) {
        return transactions.single("read a signature", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT " + COLUMNS + " FROM scheduler.failure_signatures WHERE tenant_id = ? AND id = ?")) {
                statement.setObject(1, tenantId);
                statement.setObject(2, id);
                return read(statement).stream().findFirst();
            }
        });
    }

    /**
     * Signatures in the order of their ids.
     *
     * @param after the last one of the page before; null for the first page
     * @param enabled null for all
     */
    public List<Signature> list(UUID tenantId, @Nullable UUID after, @Nullable Boolean enabled, int rowsMax) {
        return transactions.single("list signatures", connection -> {
            try (PreparedStatement statement = connection.prepareStatement("SELECT " + COLUMNS
                    + " FROM scheduler.failure_signatures WHERE tenant_id = ? AND (?::uuid IS NULL OR id > ?)"
                    + " AND (?::boolean IS NULL OR enabled = ?) ORDER BY id LIMIT ?")) {
                statement.setObject(1, tenantId);
                statement.setObject(2, after);
                statement.setObject(3, after);
                statement.setObject(4, enabled);
                statement.setObject(5, enabled);
                statement.setInt(6, rowsMax);
                return read(statement);
            }
        });
    }

    /** Changes a signature; empty if the tenant has none of this id. */
    public Optional<Signature> change(UUID tenantId, UUID id, SignatureChange change) {
        return transactions.single("change a signature", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "UPDATE scheduler.failure_signatures SET outcome = coalesce(?::jsonb, outcome),"
                            + " confidence = coalesce(?::numeric, confidence), enabled = coalesce(?::boolean, enabled),"
                            + " expires_at = CASE WHEN ? THEN ?::timestamptz ELSE expires_at END, updated_at = now()"
                            + " WHERE tenant_id = ? AND id = ? RETURNING " + COLUMNS)) {
                statement.setString(1, change.outcome());
                statement.setBigDecimal(2, change.confidence());
                statement.setObject(3, change.enabled());
                statement.setBoolean(4, change.expires() instanceof Expiry.Set);
                statement.setObject(5, change.expires() instanceof Expiry.Set end ? utc(end.at()) : null);
                statement.setObject(6, tenantId);
                statement.setObject(7, id);
                return read(statement).stream().findFirst();
            }
        });
    }

    /** Says that a failure was of this kind: one sample more, matched now. Empty if the tenant has none of this id. */
    public Optional<Signature> confirm(UUID tenantId, UUID id) {
        return transactions.single("confirm a signature", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "UPDATE scheduler.failure_signatures SET sample_count = least(sample_count::bigint + 1,"
                            + " 2147483647), last_matched_at = now(), updated_at = now() WHERE tenant_id = ? AND id = ?"
                            + " RETURNING "
                            + COLUMNS)) {
                statement.setObject(1, tenantId);
                statement.setObject(2, id);
                return read(statement).stream().findFirst();
            }
        });
    }

    /** Removes a signature; whether there was one. */
    public boolean delete(UUID tenantId, UUID id) {
        return transactions.single("remove a signature", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "DELETE FROM scheduler.failure_signatures WHERE tenant_id = ? AND id = ?")) {
                statement.setObject(1, tenantId);
                statement.setObject(2, id);
                return statement.executeUpdate() == 1;
            }
        });
    }

    private static @Nullable OffsetDateTime utc(@Nullable Instant time) {
        return time == null ? null : time.atOffset(ZoneOffset.UTC);
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    private static List<Signature> read(PreparedStatement statement) throws SQLException {
        List<Signature> signatures = new ArrayList<>();
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                signatures.add(new Signature(
                        row.getObject("id", UUID.class),
                        row.getObject("created_at", OffsetDateTime.class).toInstant(),
                        row.getObject("updated_at", OffsetDateTime.class).toInstant(),
                        row.getString("signature_hash"),
                        row.getInt("signature_version"),
                        row.getString("pattern"),
                        row.getString("outcome"),
                        row.getBigDecimal("confidence"),
                        row.getInt("sample_count"),
                        instant(row, "last_matched_at"),
                        row.getBoolean("enabled"),
                        instant(row, "expires_at")));
            }
        }
        return signatures;
    }
}
