package io.weir.eventstats.signature;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.database.StorableJson;
import io.weir.eventstats.signal.SignalPhase;
import io.weir.eventstats.signature.SignatureChange.Expiry;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads signatures, their changes and failures to match from JSON; every error names the field. */
final class SignatureReader {
    private static final int TEXT_LENGTH_MAX = 1_024;
    /** Longer than any repair takes: 10 years, in s. */
    private static final int SECONDS_MAX = 315_360_000;

    private static final Instant EXPIRES_MIN = Instant.EPOCH;
    private static final Instant EXPIRES_MAX = Instant.parse("9000-01-01T00:00:00Z");
    private static final Set<String> OUTCOME_TEXTS = Set.of("likely_cause", "suggested_action", "remediation_url");
    private static final Set<String> OUTCOME_SECONDS = Set.of("mttr_p50_seconds", "mttr_p95_seconds");
    /** A page of ours or of the web; never a script. */
    private static final Pattern LINK = Pattern.compile("(https?://|/(?!/))[^\\s\"<>\\\\]*");

    private SignatureReader() {}

    /**
     * A new signature.
     *
     * @param outcome JSON object
     */
    record NewSignature(
            SignaturePattern pattern,
            String outcome,
            BigDecimal confidence,
            boolean enabled,
            @Nullable Instant expiresAt) {}

    /**
     * A failure to match.
     *
     * @param pattern to try instead of the stored signatures
     */
    record Candidate(
            String phase,
            @Nullable String errorCode,
            @Nullable String imageReference,
            @Nullable SignaturePattern pattern) {}

    static NewSignature newSignature(JsonNode body) {
        checkKeys(body, "", Set.of("pattern", "outcome", "confidence", "enabled", "expires_at"));
        JsonNode pattern = body.get("pattern");
        JsonNode outcome = body.get("outcome");
        if (pattern == null || outcome == null) {
            throw new QueryException.BadData((pattern == null ? "pattern" : "outcome") + " is missing");
        }
        JsonNode expires = body.get("expires_at");
        return new NewSignature(
                pattern(pattern),
                outcome(outcome),
                body.has("confidence") ? confidence(body.get("confidence")) : new BigDecimal("0.5"),
                !body.has("enabled") || flag(body.get("enabled")),
                expires == null ? null : expiresAt(expires));
    }

    static SignatureChange change(JsonNode body) {
        checkKeys(body, "", Set.of("outcome", "confidence", "enabled", "expires_at"));
        if (body.isEmpty()) {
            throw new QueryException.BadData("nothing to change: send outcome, confidence, enabled or expires_at;"
                    + " for another pattern make another signature");
        }
        JsonNode expires = body.get("expires_at");
        return new SignatureChange(
                body.has("outcome") ? outcome(body.get("outcome")) : null,
                body.has("confidence") ? confidence(body.get("confidence")) : null,
                body.has("enabled") ? (Boolean) flag(body.get("enabled")) : null,
                expires == null ? new Expiry.Kept() : new Expiry.Set(expiresAt(expires)));
    }

    static Candidate candidate(JsonNode body) {
        checkKeys(body, "", Set.of("phase", "error_code", "image_reference", "pattern"));
        JsonNode phase = body.get("phase");
        if (phase == null) {
            throw new QueryException.BadData("phase is missing");
        }
        return new Candidate(
                phase(phase, "phase").text(),
                optionalText(body, "error_code"),
                optionalText(body, "image_reference"),
                body.has("pattern") ? pattern(body.get("pattern")) : null);
    }

    static SignaturePattern pattern(JsonNode node) {
        if (!node.isObject()) {
            throw new QueryException.BadData("pattern must be a JSON object");
        }
        checkKeys(node, "pattern.", Set.of("phase", "error_code", "image_pattern"));
        JsonNode phase = node.get("phase");
        try {
            return new SignaturePattern(
                    phase == null ? null : phase(phase, "pattern.phase"),
                    patternText(node, "error_code"),
                    patternText(node, "image_pattern"));
        } catch (IllegalArgumentException e) {
            throw new QueryException.BadData(String.valueOf(e.getMessage()));
        }
    }

    private static @Nullable String patternText(JsonNode pattern, String key) {
        JsonNode value = pattern.get(key);
        if (value == null) {
            return null;
        }
        if (!value.isTextual()) {
            throw new QueryException.BadData("pattern." + key + " must be a text; leave it out to fit everything");
        }
        return value.textValue();
    }

    private static SignalPhase phase(JsonNode node, String field) {
        for (SignalPhase phase : SignalPhase.values()) {
            if (node.isTextual() && node.textValue().equals(phase.text())) {
                return phase;
            }
        }
        List<String> names =
                Arrays.stream(SignalPhase.values()).map(SignalPhase::text).toList();
        throw new QueryException.BadData(field + " must be one of " + String.join(", ", names));
    }

    private static String outcome(JsonNode node) {
        if (!node.isObject() || node.isEmpty()) {
            throw new QueryException.BadData("outcome must be a JSON object that says something: "
                    + String.join(", ", new TreeSet<>(OUTCOME_TEXTS)) + ", "
                    + String.join(", ", new TreeSet<>(OUTCOME_SECONDS)));
        }
        Set<String> known = new TreeSet<>(OUTCOME_TEXTS);
        known.addAll(OUTCOME_SECONDS);
        checkKeys(node, "outcome.", known);
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (OUTCOME_TEXTS.contains(field.getKey())) {
                text(field.getValue(), "outcome." + field.getKey());
            } else {
                JsonNode seconds = field.getValue();
                if (!seconds.isIntegralNumber()
                        || !seconds.canConvertToInt()
                        || seconds.intValue() < 0
                        || seconds.intValue() > SECONDS_MAX) {
                    throw new QueryException.BadData(
                            "outcome." + field.getKey() + " must be a whole number from 0 to " + SECONDS_MAX);
                }
            }
        }
        JsonNode link = node.get("remediation_url");
        if (link != null && !LINK.matcher(link.textValue()).matches()) {
            throw new QueryException.BadData("outcome.remediation_url must be a path from / or a URL of http or https");
        }
        return node.toString();
    }

    private static BigDecimal confidence(JsonNode node) {
        BigDecimal value = node.isNumber() ? node.decimalValue() : null;
        if (value == null
                || value.signum() < 0
                || value.compareTo(BigDecimal.ONE) > 0
                || value.stripTrailingZeros().scale() > 3) {
            throw new QueryException.BadData("confidence must be a number from 0 to 1 with at most three decimals");
        }
        return value;
    }

    private static boolean flag(JsonNode node) {
        if (!node.isBoolean()) {
            throw new QueryException.BadData("enabled must be true or false");
        }
        return node.booleanValue();
    }

    private static @Nullable Instant expiresAt(JsonNode node) {
        if (node.isNull()) {
            return null;
        }
        try {
            Instant time =
                    node.isTextual() ? OffsetDateTime.parse(node.textValue()).toInstant() : null;
            if (time != null && time.isAfter(EXPIRES_MIN) && time.isBefore(EXPIRES_MAX)) {
                return time;
            }
        } catch (DateTimeException e) {
            throw noTime();
        }
        throw noTime();
    }

    private static QueryException.BadData noTime() {
        return new QueryException.BadData(
                "expires_at must be a time of RFC 3339 such as 2026-01-31T12:00:00Z, or null for never");
    }

    private static @Nullable String optionalText(JsonNode body, String field) {
        JsonNode value = body.get(field);
        return value == null || value.isNull() ? null : text(value, field);
    }

    private static String text(JsonNode node, String field) {
        if (!node.isTextual()
                || node.textValue().isEmpty()
                || node.textValue().length() > TEXT_LENGTH_MAX
                || !StorableJson.isStorable(node.textValue())) {
            throw new QueryException.BadData(
                    field + " must be a text of 1 to " + TEXT_LENGTH_MAX + " characters, without NUL");
        }
        return node.textValue();
    }

    private static void checkKeys(JsonNode object, String prefix, Set<String> known) {
        for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name)) {
                throw new QueryException.BadData("\"" + prefix + JsonRequests.shown(name)
                        + "\" is not known here; known are " + String.join(", ", new TreeSet<>(known)));
            }
        }
    }
}
