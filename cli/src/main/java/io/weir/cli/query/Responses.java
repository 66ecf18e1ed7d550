package io.weir.cli.query;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Reads the shapes all answers of the API have in common. */
public final class Responses {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static final String FRAME = "data:";

    private Responses() {}

    /** The error of an envelope or of a stream's first frame, or the text itself if it is neither. */
    public static String errorText(String body) {
        if (body.startsWith(FRAME)) {
            int end = body.indexOf('\n');
            return errorOf(body.substring(FRAME.length(), end < 0 ? body.length() : end));
        }
        return errorOf(body);
    }

    private static String errorOf(String body) {
        try {
            JsonNode root = MAPPER.readTree(body);
            JsonNode message = root.path("data").path("message");
            return root.has("error") ? root.path("error").asText() : message.isTextual() ? message.asText() : body;
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
