package io.weir.eventstats.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** Writes JSON answers in the envelope of Prometheus' API. */
public final class JsonAnswers {
    /** Digits behind the point of averages and percentiles. */
    private static final int SCALE = 3;

    private static final int RATIO_SCALE = 6;

    private JsonAnswers() {}

    /** {@code {"status":"success","data":...}}. */
    public static void data(Context context, int status, JsonNode data) {
        ObjectNode envelope =
                JsonNodeFactory.instance.objectNode().put("status", "success").set("data", data);
        plain(context, status, envelope);
    }

    /** A document without the envelope. */
    public static void plain(Context context, int status, JsonNode document) {
        context.status(status)
                .header("Cache-Control", "no-store")
                .contentType("application/json")
                .result(document.toString());
    }

    /** A time as RFC 3339 in UTC, to the µs; null stays null. */
    public static @Nullable String time(@Nullable Instant time) {
        return time == null ? null : DateTimeFormatter.ISO_INSTANT.format(time.truncatedTo(ChronoUnit.MICROS));
    }

    /** A part of a whole, rounded to six digits behind the point. */
    public static JsonNode ratio(long part, long whole) {
        return DecimalNode.valueOf(
                plain(BigDecimal.valueOf(part).divide(BigDecimal.valueOf(whole), RATIO_SCALE, RoundingMode.HALF_UP)));
    }

    /** A number rounded to three digits behind the point, without zeros at its end. */
    public static JsonNode number(double value) {
        return DecimalNode.valueOf(plain(BigDecimal.valueOf(value).setScale(SCALE, RoundingMode.HALF_UP)));
    }

    private static BigDecimal plain(BigDecimal value) {
        BigDecimal stripped = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
        return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
    }
}
