package io.weir.precompute.http;

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
import java.io.InputStream;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Reads the body of a request for a job: strictly, within bounds. */
final class JobBody {
    /** Deeper than any request that makes sense. */
    private static final int DEPTH_MAX = 16;

    /** Of a body that is too large: a client that still sends would see a broken connection instead of its answer. */
    private static final long SKIPPED_BYTES_MAX = 4 << 20;

    private static final int NUMBER_LENGTH_MAX = 64;

    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH_MAX)
                            .maxNumberLength(NUMBER_LENGTH_MAX)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JobBody() {}

    /**
     * A JSON document of any kind.
     *
     * @throws QueryException.BadData if it is none
     */
    static JsonNode read(Context context, int bytesMax) throws IOException {
        String type = Objects.requireNonNullElse(context.contentType(), "");
        if (!type.split(";", 2)[0].trim().equalsIgnoreCase("application/json")) {
            throw new UnsupportedMediaTypeResponse("the body must be JSON: send Content-Type: application/json");
        }
        String encoding = Objects.requireNonNullElse(context.header("Content-Encoding"), "identity");
        if (!encoding.trim().toLowerCase(Locale.ROOT).equals("identity")) {
            throw new UnsupportedMediaTypeResponse("the body must not be compressed: leave out Content-Encoding");
        }
        InputStream body = context.req().getInputStream();
        byte[] bytes = body.readNBytes(bytesMax + 1);
        if (bytes.length > bytesMax) {
            // As far as it goes; a larger one may well break.
            long ignored = body.skip(SKIPPED_BYTES_MAX);
            throw new ContentTooLargeResponse(
                    "the body may have at most " + bytesMax + " bytes (setting precompute-jobs-request-bytes-max)",
                    Map.of());
        }
        return parse(bytes);
    }

    private static JsonNode parse(byte[] bytes) throws IOException {
        try {
            JsonNode document = MAPPER.readTree(bytes);
            if (document == null || document.isMissingNode()) {
                throw new QueryException.BadData("the body is empty: send a JSON object");
            }
            return document;
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new QueryException.BadData("the body is not a JSON document as expected" + where
                    + ": check its syntax, that no key is there twice, and that it is not nested deeper than "
                    + DEPTH_MAX);
        }
    }
}
