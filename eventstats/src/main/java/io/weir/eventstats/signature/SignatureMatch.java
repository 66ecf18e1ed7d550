package io.weir.eventstats.signature;

import java.math.BigDecimal;
import java.util.UUID;

/**
 * The signature that fits a failure best.
 *
 * @param outcome JSON object: {@code likely_cause, mttr_p50_seconds, mttr_p95_seconds, suggested_action, remediation_url}
 * @param confidence 0 to 1
 */
public record SignatureMatch(UUID signatureId, String outcome, BigDecimal confidence) {}
