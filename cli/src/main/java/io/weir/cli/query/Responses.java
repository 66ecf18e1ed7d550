package io.weir.cli.query;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Reads the shapes all answers of the API have in common. */
public final class Responses {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Responses() {}

    /** The error of an envelope, or the text itself if it is none. */
    public static String errorText(String body) {
        try {
            JsonNode root = MAPPER.readTree(body);
            return root.has("error") ? root.path("error").asText() : body;
        } catch (JsonProcessingException e) {
            return body;
        }
    }

    /** A sample value: a number, or one of the strings NaN, +Inf, -Inf. */
    public static double number(JsonNode value) {
        return value.isNumber()
                ? value.asDouble()
                : Double.parseDouble(value.asText().replace("Inf", "Infinity"));
    }
}
