package io.weir.eventstats.signature;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.http.JsonAnswers;
import io.weir.eventstats.signal.TenantIds;
import io.weir.eventstats.signature.SignatureReader.Candidate;
import io.weir.eventstats.signature.SignatureReader.NewSignature;
import io.weir.eventstats.signature.SignatureStore.Creation;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The routes under {@code /api/v1/failure-signatures}, of the tenant of the request alone. */
public final class SignatureRoutes {
    private static final String PATH = "/api/v1/failure-signatures";
    private static final int PAGE_DEFAULT = 100;
    private static final int PAGE_MAX = 1_000;
    /** A signature is small. */
    private static final int BODY_BYTES_MAX = 64 << 10;

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final TenantResolver tenants;
    private final SignatureStore store;
    private final int bodyBytesMax;

    /** @param requestBytesMax bound of every body under these routes and those of events */
    public SignatureRoutes(TenantResolver tenants, SignatureStore store, int requestBytesMax) {
        this.tenants = tenants;
        this.store = store;
        this.bodyBytesMax = Math.min(BODY_BYTES_MAX, requestBytesMax);
    }

    /** Adds the routes. */
    public void contribute(RoutesConfig routes) {
        routes.get(PATH, this::list);
        routes.post(PATH, this::create);
        routes.post(PATH + "/match", this::match);
        routes.get(PATH + "/{id}", this::get);
        routes.patch(PATH + "/{id}", this::change);
        routes.delete(PATH + "/{id}", this::delete);
        routes.post(PATH + "/{id}/confirm", this::confirm);
    }

    private UUID tenant(Context context) {
        return TenantIds.of(tenants.tenant(context));
    }

    private JsonNode body(Context context) throws IOException {
        return JsonRequests.object(context, bodyBytesMax, "telemetry-request-bytes-max, here at most 65536");
    }

    private static UUID id(Context context) {
        String text = context.pathParam("id");
        if (!TenantIds.isUuid(text)) {
            throw new QueryException.BadData("the id of a signature is a UUID");
        }
        return UUID.fromString(text);
    }

    private static Supplier<NotFoundResponse> notFound(UUID id) {
        return () -> new NotFoundResponse("this tenant has no failure signature " + id);
    }

    private void list(Context context) {
        UUID tenantId = tenant(context);
        JsonRequests.checkParameters(context, Set.of("limit", "after", "enabled"));
        int limit = limit(JsonRequests.parameter(context, "limit"));
        List<Signature> page =
                store.list(tenantId, after(JsonRequests.parameter(context, "after")), enabled(context), limit + 1);
        ArrayNode rows = JsonNodeFactory.instance.arrayNode();
        page.stream().limit(limit).forEach(signature -> rows.add(json(signature)));
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.set("signatures", rows);
        answer.put("next", page.size() > limit ? page.get(limit - 1).id().toString() : null);
        JsonAnswers.data(context, 200, answer);
    }

    private static int limit(@Nullable String text) {
        if (text == null) {
            return PAGE_DEFAULT;
        }
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > PAGE_MAX) {
            throw new QueryException.BadData("parameter \"limit\" must be a whole number from 1 to " + PAGE_MAX);
        }
        return Integer.parseInt(text);
    }

    private static @Nullable UUID after(@Nullable String text) {
        if (text != null && !TenantIds.isUuid(text)) {
            throw new QueryException.BadData("parameter \"after\" must be the \"next\" of the page before");
        }
        return text == null ? null : UUID.fromString(text);
    }

    private static @Nullable Boolean enabled(Context context) {
        String text = JsonRequests.parameter(context, "enabled");
        if (text != null && !text.equals("true") && !text.equals("false")) {
            throw new QueryException.BadData("parameter \"enabled\" must be true or false");
        }
        return text == null ? null : Boolean.valueOf(text);
    }

    private void create(Context context) throws IOException {
        UUID tenantId = tenant(context);
        JsonRequests.checkParameters(context, Set.of());
        NewSignature wanted = SignatureReader.newSignature(body(context));
        switch (store.create(
                tenantId,
                wanted.pattern(),
                wanted.outcome(),
                wanted.confidence(),
                wanted.enabled(),
                wanted.expiresAt())) {
            case Creation.Created(Signature signature) -> {
                context.header("Location", PATH + "/" + signature.id());
                JsonAnswers.data(context, 201, json(signature));
            }
            case Creation.Known(UUID id) ->
                throw new ConflictResponse("this tenant has a signature of this pattern: change " + PATH + "/" + id);
            case Creation.Full(int perTenantMax) ->
                throw new ConflictResponse("this tenant has as many signatures as it may have, " + perTenantMax
                        + " (telemetry-signature-per-tenant-max): delete some");
        }
    }

    private void match(Context context) throws IOException {
        UUID tenantId = tenant(context);
        JsonRequests.checkParameters(context, Set.of());
        Candidate candidate = SignatureReader.candidate(body(context));
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        SignaturePattern pattern = candidate.pattern();
        if (pattern != null) {
            answer.put(
                            "matches",
                            store.fits(pattern, candidate.phase(), candidate.errorCode(), candidate.imageReference()))
                    .put("signature_hash", pattern.hash())
                    .put("canonical_pattern", pattern.canonical());
        } else {
            JsonNode match = store.match(tenantId, candidate.phase(), candidate.errorCode(), candidate.imageReference())
                    .<JsonNode>map(SignatureRoutes::json)
                    .orElse(JsonNodeFactory.instance.nullNode());
            answer.set("match", match);
        }
        JsonAnswers.data(context, 200, answer);
    }

    private void get(Context context) {
        UUID tenantId = tenant(context);
        UUID id = id(context);
        JsonAnswers.data(context, 200, json(store.find(tenantId, id).orElseThrow(notFound(id))));
    }

    private void change(Context context) throws IOException {
        UUID tenantId = tenant(context);
        UUID id = id(context);
        SignatureChange change = SignatureReader.change(body(context));
        JsonAnswers.data(context, 200, json(store.change(tenantId, id, change).orElseThrow(notFound(id))));
    }

    private void confirm(Context context) {
        UUID tenantId = tenant(context);
        UUID id = id(context);
        JsonAnswers.data(context, 200, json(store.confirm(tenantId, id).orElseThrow(notFound(id))));
    }

    private void delete(Context context) {
        UUID tenantId = tenant(context);
        UUID id = id(context);
        if (!store.delete(tenantId, id)) {
            throw notFound(id).get();
        }
        context.status(204);
    }

    private static ObjectNode json(SignatureMatch match) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("signature_id", match.signatureId().toString())
                .put("confidence", match.confidence());
        json.set("outcome", tree(match.outcome()));
        return json;
    }

    private static ObjectNode json(Signature signature) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("id", signature.id().toString())
                .put("signature_hash", signature.hash())
                .put("signature_version", signature.version());
        json.set("pattern", tree(signature.pattern()));
        json.set("outcome", tree(signature.outcome()));
        return json.put("confidence", signature.confidence())
                .put("sample_count", signature.sampleCount())
                .put("enabled", signature.enabled())
                .put("expires_at", JsonAnswers.time(signature.expiresAt()))
                .put("last_matched_at", JsonAnswers.time(signature.lastMatchedAt()))
                .put("created_at", JsonAnswers.time(signature.createdAt()))
                .put("updated_at", JsonAnswers.time(signature.updatedAt()));
    }

    /** What the database holds as jsonb is JSON. */
    private static JsonNode tree(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the database's JSON cannot be read", e);
        }
    }
}
