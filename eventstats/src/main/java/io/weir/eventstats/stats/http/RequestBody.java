package io.weir.eventstats.stats.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Reads the body of a request: a JSON object in UTF-8 of bounded size; nothing at all is an empty object. */
final class RequestBody {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    private final int bytesMax;

    RequestBody(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    ObjectNode read(Context context) throws StatsProblem {
        requireJson(context);
        if (context.req().getContentLengthLong() > bytesMax) {
            throw tooLong();
        }
        byte[] bytes;
        try {
            bytes = context.req().getInputStream().readNBytes(bytesMax + 1);
        } catch (IOException e) {
            throw StatsProblem.validation("Request body could not be read.");
        }
        if (bytes.length > bytesMax) {
            throw tooLong();
        }
        return parse(bytes);
    }

    private StatsProblem tooLong() {
        return new StatsProblem(413, "validation", "Request body must not be longer than " + bytesMax + " bytes.");
    }

    static ObjectNode parse(byte[] bytes) throws StatsProblem {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw StatsProblem.validation("Request body must be valid JSON.");
        }
        if (text.isBlank()) {
            return JSON.createObjectNode();
        }
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw StatsProblem.validation("Request body must be valid JSON.");
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw StatsProblem.validation("Request body must be a JSON object.");
    }

    private static void requireJson(Context context) throws StatsProblem {
        String type = context.header("Content-Type");
        String coding = context.header("Content-Encoding");
        if (type != null && !type.isBlank()) {
            String[] parts = type.toLowerCase(Locale.ROOT).split(";", -1);
            boolean json = parts[0].trim().equals("application/json");
            for (int i = 1; i < parts.length; i++) {
                String part = parts[i].trim().replace("\"", "");
                json &= !part.startsWith("charset=") || part.equals("charset=utf-8");
            }
            if (!json) {
                throw new StatsProblem(
                        415, "validation", "Content-Type must be application/json in UTF-8; say so in the request.");
            }
        }
        if (coding != null && !coding.isBlank() && !coding.trim().equalsIgnoreCase("identity")) {
            throw new StatsProblem(415, "validation", "Content-Encoding must be identity.");
        }
    }
}
