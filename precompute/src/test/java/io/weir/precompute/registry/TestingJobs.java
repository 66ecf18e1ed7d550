package io.weir.precompute.registry;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.parser.Feature;

/** Jobs over the lake. */
final class TestingJobs {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    static final JobRequests REQUESTS = new JobRequests(JobLimits.DEFAULT, Feature.NONE, SourceAddress.Lake::new);

    private TestingJobs() {}

    private static ObjectNode body(String storePath) {
        return MAPPER.createObjectNode()
                .put("query", "quantile_over_time(0.99, latency[5m])")
                .put("granularity", "1m")
                .put("source", "lake://")
                .put("sketch_type", "ddsketch")
                .put("store_path", storePath);
    }

    static JobSpec spec(String tenant, String storePath) {
        return REQUESTS.read(tenant, body(storePath), 0).spec();
    }

    static JobSpec specFrom(String source, String storePath) {
        return REQUESTS.read("default", body(storePath).put("source", source), 0)
                .spec();
    }

    static JobSpec spec(String tenant, String storePath, String validUntil) {
        return REQUESTS.read(tenant, body(storePath).put("valid_until", validUntil), 0)
                .spec();
    }

    static Job job(String jobId, String storePath) {
        return new Job(jobId, spec("default", storePath), 0);
    }
}
