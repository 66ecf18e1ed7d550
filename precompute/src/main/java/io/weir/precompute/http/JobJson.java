package io.weir.precompute.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.precompute.job.Durations;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.registry.Jobs;
import io.weir.precompute.source.SourceAddress;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Jobs as JSON. Times are RFC 3339 in UTC. */
final class JobJson {
    private JobJson() {}

    /** The answer to a request for a job. */
    static ObjectNode created(Job job, String status, List<String> warnings) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("job_id", job.jobId())
                .put("status", status)
                .put("created_at", time(OptionalLong.of(job.createdAtMillis())))
                .put("store_path", job.spec().storePath());
        if (!warnings.isEmpty()) {
            ArrayNode array = json.putArray("warnings");
            warnings.forEach(array::add);
        }
        return json;
    }

    /** All of a job. */
    static ObjectNode job(Jobs.JobView view, OptionalLong resultMillis, long nowMillis) {
        JobSpec spec = view.job().spec();
        JobStatistics statistics = view.statistics();
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("job_id", view.job().jobId())
                // As upstream's summary has it; clients have asked for both.
                .put("id", view.job().jobId())
                .put("query", spec.query().text())
                .put("granularity", Durations.text(spec.granularityMillis()))
                .put("source", spec.source().text())
                .put("sketch_type", spec.sketchType())
                .put("store_path", spec.storePath())
                .put("status", statistics.status().text())
                .put("created_at", time(OptionalLong.of(view.job().createdAtMillis())))
                .put("valid_until", time(spec.validUntilMillis()))
                .put("window", Durations.text(spec.query().windowMillis()))
                .put("evaluation", evaluation(spec.query()))
                .put("last_run_at", time(statistics.lastRunMillis()))
                .put("last_success_at", time(statistics.lastSuccessMillis()))
                .put("last_duration_ms", boxed(statistics.lastDurationMillis()))
                .put("last_error", statistics.lastError())
                .put("runs", statistics.runs())
                .put("failures", statistics.failures())
                .put("skipped", statistics.skipped())
                .put("next_run_at", time(statistics.nextRunMillis()))
                .put("result_age_s", age(resultMillis, nowMillis))
                .put("cache_hits", statistics.cacheHits())
                .put("owner", view.owner());
        spec.labels().ifPresent(labels -> {
            ArrayNode array = json.putArray("labels");
            labels.forEach(array::add);
        });
        parameter(json, spec);
        return json;
    }

    private static String evaluation(JobQuery query) {
        return switch (query) {
            case JobQuery.OfSketch sketch -> "sketch";
            case JobQuery.OfExpression expression -> "exact";
        };
    }

    private static void parameter(ObjectNode json, JobSpec spec) {
        // A source of sketches makes them with parameters of its own.
        if (spec.query() instanceof JobQuery.OfSketch sketch && !(spec.source() instanceof SourceAddress.Sketches)) {
            switch (sketch.function()) {
                case SketchFunction.Quantile quantile ->
                    json.put("alpha", spec.options().relativeAccuracy());
                case SketchFunction.CountDistinct distinct ->
                    json.put("precision", spec.options().precision());
                case SketchFunction.Top top -> json.put("k_max", spec.options().candidatesMax());
            }
        }
    }

    private static @Nullable Double age(OptionalLong resultMillis, long nowMillis) {
        return resultMillis.isEmpty() ? null : Math.max(0, nowMillis - resultMillis.getAsLong()) / 1000.0;
    }

    private static @Nullable Long boxed(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : null;
    }

    private static @Nullable String time(OptionalLong millis) {
        return millis.isEmpty() ? null : DateTimeFormatter.ISO_INSTANT.format(Instant.ofEpochMilli(millis.getAsLong()));
    }
}
