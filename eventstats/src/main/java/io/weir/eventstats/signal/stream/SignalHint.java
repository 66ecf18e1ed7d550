package io.weir.eventstats.signal.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.eventstats.signal.TenantIds;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a notification says has changed. It is only a hint: what is shown is read from the table.
 *
 * @param runId null if the job belongs to none, or the notification does not say
 * @param saysRun whether the notification says which run; those of a function that was loaded by hand do not
 */
record SignalHint(UUID tenantId, UUID jobId, @Nullable UUID runId, boolean saysRun) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Empty if the text is not one of ours: then anything may have changed. */
    static Optional<SignalHint> parse(String payload) {
        try {
            JsonNode node = MAPPER.readTree(payload);
            UUID tenant = uuid(node.path("tenant_id"));
            UUID job = uuid(node.path("job_id"));
            if (tenant == null || job == null) {
                return Optional.empty();
            }
            JsonNode run = node.path("run_id");
            UUID runId = uuid(run);
            return Optional.of(new SignalHint(tenant, job, runId, run.isNull() || runId != null));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static @Nullable UUID uuid(JsonNode node) {
        return node.isTextual() && TenantIds.isUuid(node.textValue()) ? UUID.fromString(node.textValue()) : null;
    }
}
