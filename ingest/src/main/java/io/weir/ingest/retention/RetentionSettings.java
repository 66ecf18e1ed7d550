package io.weir.ingest.retention;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How long samples are kept. A segment goes as a whole, when its last sample is older than the period: after compaction that is up to a day later.
 *
 * @param periodMillis samples are kept so long; 0 for ever
 * @param tenantPeriodsMillis periods of single tenants, as {@code tenant=millis,tenant=millis}; 0 for ever
 * @param intervalMillis time between looks at the catalog and the queue
 * @param leaseMillis how long a claimed job may stay silent before another process takes it
 */
public record RetentionSettings(long periodMillis, String tenantPeriodsMillis, long intervalMillis, long leaseMillis) {
    public RetentionSettings {
        if (periodMillis < 0 || intervalMillis <= 0 || leaseMillis <= 0) {
            throw new IllegalArgumentException("the retention's interval and lease must be positive, its period not"
                    + " negative: " + intervalMillis + ", " + leaseMillis + ", " + periodMillis);
        }
        Map<String, Long> ignored = parse(tenantPeriodsMillis);
    }

    /** For ever; a look every 10 minutes, should there be a period. */
    public static RetentionSettings defaults() {
        return new RetentionSettings(0, "", 600_000, 60_000);
    }

    private static Map<String, Long> parse(String text) {
        Map<String, Long> periods = new LinkedHashMap<>();
        for (String part : text.split(",", -1)) {
            if (text.isBlank()) {
                break;
            }
            int equals = part.lastIndexOf('=');
            String tenant = equals < 0 ? "" : part.substring(0, equals).strip();
            String period = part.substring(equals + 1).strip();
            if (tenant.isEmpty() || !period.matches("[0-9]{1,18}")) {
                throw new IllegalArgumentException("the retention of tenants is tenant=millis,tenant=millis; \"" + part
                        + "\" is none (setting ingest-retention-tenant-periods-millis)");
            }
            if (periods.put(tenant, Long.parseLong(period)) != null) {
                throw new IllegalArgumentException("the retention of tenant " + tenant + " is given twice");
            }
        }
        return periods;
    }

    /** How long samples of a tenant are kept; 0 for ever. */
    long periodMillis(String tenant) {
        return parse(tenantPeriodsMillis).getOrDefault(tenant, periodMillis);
    }

    /** Whether anything is ever deleted. */
    public boolean isFinite() {
        return periodMillis > 0 || parse(tenantPeriodsMillis).values().stream().anyMatch(period -> period > 0);
    }
}
