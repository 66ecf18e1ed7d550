package io.weir.eventstats.signature;

import io.weir.eventstats.database.Transactions;
import io.weir.lake.catalog.CatalogUnavailableException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The failure signatures of tenants, in table {@code scheduler.failure_signatures}. Thread-safe. */
public final class SignatureStore {
    private final Transactions transactions;

    public SignatureStore(DataSource dataSource) {
        this.transactions = new Transactions(dataSource);
    }

    /**
     * The signature that fits a failure best: the one with the highest confidence, then with the most samples, among those that are enabled and
     * have not expired. Matching is PostgreSQL's alone, in the seed's function.
     *
     * @param tenantId by {@link io.weir.eventstats.signal.TenantIds}
     * @param phase one of the seven phases
     * @param errorCode null fits only signatures that name none
     * @param imageReference null fits only signatures without an {@code image_pattern}
     * @throws CatalogUnavailableException if the database cannot be reached or is too slow
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
}
