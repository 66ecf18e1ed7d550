package io.weir.queryapi.spi;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.javalin.http.ContentTooLargeResponse;
import io.javalin.http.Context;
import io.javalin.http.UnsupportedMediaTypeResponse;
import io.weir.promql.error.QueryException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the JSON bodies and parameters of requests for contributed routes: strictly, within bounds, with errors for the client. */
public final class JsonRequests {
    /** Deeper than any document that makes sense here. */
    private static final int DEPTH_MAX = 32;
    /** Digits of a number; PostgreSQL's jsonb takes more. */
    private static final int NUMBER_LENGTH_MAX = 64;

    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH_MAX)
                            .maxNumberLength(NUMBER_LENGTH_MAX)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private JsonRequests() {}

    /**
     * The bytes of a body that says it is JSON.
     *
     * @param setting that gives the limit, for the message
     */
    public static byte[] bytes(Context context, int bytesMax, String setting) throws IOException {
        String type = Objects.requireNonNullElse(context.contentType(), "");
        if (!type.split(";", 2)[0].trim().equalsIgnoreCase("application/json")) {
            throw new UnsupportedMediaTypeResponse("the body must be JSON: send Content-Type: application/json");
        }
        String encoding = Objects.requireNonNullElse(context.header("Content-Encoding"), "identity");
        if (!encoding.trim().toLowerCase(Locale.ROOT).equals("identity")) {
            throw new UnsupportedMediaTypeResponse("the body must not be compressed: leave out Content-Encoding");
        }
        byte[] bytes = context.req().getInputStream().readNBytes(bytesMax + 1);
        if (bytes.length > bytesMax) {
            throw new ContentTooLargeResponse(
                    "the body may have at most " + bytesMax + " bytes (setting " + setting + "): send less at once",
                    Map.of());
        }
        return bytes;
    }

    /**
     * A document.
     *
     * @throws QueryException.BadData if it is none, has a key twice or anything after it
     */
    public static JsonNode parse(byte[] bytes) {
        try {
            JsonNode node = MAPPER.readTree(bytes);
            if (node == null || node.isMissingNode()) {
                throw new QueryException.BadData("the body is empty: send a JSON document");
            }
            return node;
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new QueryException.BadData("the body is not a JSON document as expected" + where
                    + ": check its syntax, that no key is there twice, and that it is not nested deeper than "
                    + DEPTH_MAX);
        } catch (IOException e) {
            throw new QueryException.BadData("the body is not a JSON document in UTF-8");
        }
    }

    /** An object, as {@link #parse}. */
    public static JsonNode object(Context context, int bytesMax, String setting) throws IOException {
        JsonNode node = parse(bytes(context, bytesMax, setting));
        if (!node.isObject()) {
            throw new QueryException.BadData("the body must be a JSON object");
        }
        return node;
    }

    /**
     * The parameters of the URL.
     *
     * @throws QueryException.BadData if one is not known or is there twice
     */
    public static void checkParameters(Context context, Set<String> known) {
        for (Map.Entry<String, List<String>> parameter : context.queryParamMap().entrySet()) {
            if (!known.contains(parameter.getKey())) {
                throw new QueryException.BadData("unknown parameter \"" + shown(parameter.getKey()) + "\"; known are "
                        + String.join(", ", new TreeSet<>(known)));
            }
            if (parameter.getValue().size() > 1) {
                throw new QueryException.BadData("parameter \"" + parameter.getKey() + "\" is there more than once");
            }
        }
    }

    /** A parameter's value; null if it is not there or empty. */
    public static @Nullable String parameter(Context context, String name) {
        String value = context.queryParam(name);
        return value == null || value.isEmpty() ? null : value;
    }

    /** A text of a client, as a message may repeat it. */
    public static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints()
                .limit(64)
                .map(point -> Character.isISOControl(point) ? '?' : point)
                .forEach(shown::appendCodePoint);
        return shown.toString();
    }
}
