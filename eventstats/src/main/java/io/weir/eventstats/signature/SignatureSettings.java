package io.weir.eventstats.signature;

/**
 * Bounds of failure signatures and of learning them.
 *
 * @param perTenantMax signatures of a tenant
 * @param learning whether repeated failures become signatures
 * @param learnSamplesMin failures of one pattern that make a signature
 * @param learnHalfLifeMillis after which a failure counts half
 * @param candidatesPerTenantMax patterns of failures that are counted for a tenant
 */
public record SignatureSettings(
        int perTenantMax, boolean learning, int learnSamplesMin, long learnHalfLifeMillis, int candidatesPerTenantMax) {
    /** Three failures make a signature; a failure counts half after a week. */
    public static final SignatureSettings DEFAULT = new SignatureSettings(1_000, true, 3, 7L * 86_400_000, 1_000);

    public SignatureSettings {
        if (perTenantMax < 1 || candidatesPerTenantMax < 1) {
            throw new IllegalArgumentException("telemetry-signature-per-tenant-max and"
                    + " telemetry-signature-candidates-per-tenant-max must be at least 1");
        }
        if (learnSamplesMin < 1) {
            throw new IllegalArgumentException("telemetry-signature-learn-samples-min must be at least 1");
        }
        if (learnHalfLifeMillis < 1_000) {
            throw new IllegalArgumentException("telemetry-signature-learn-half-life-millis must be at least 1000");
        }
    }
}
