package io.weir.precompute.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobRequests;
import io.weir.promql.error.QueryException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes jobs of rows. Thread-safe. */
final class JobReader {
    private static final Logger LOG = LoggerFactory.getLogger(JobReader.class);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final JobRequests requests;
    private final RegistryMetrics metrics;
    /** About jobs; all of them are counted. */
    private final Complaints complaints = new Complaints();

    JobReader(JobRequests requests, RegistryMetrics metrics) {
        this.requests = requests;
        this.metrics = metrics;
    }

    /** Empty if this process cannot or may not run it: its limits or allowed sources are others than those of the process that took it. */
    Optional<Job> read(JobRow row) {
        try {
            return Optional.of(new Job(
                    row.jobId(),
                    requests.restore(row.tenant(), MAPPER.readTree(row.spec()), row.storePath()),
                    row.createdAtMillis()));
        } catch (QueryException.BadData | JsonProcessingException e) {
            metrics.unreadable();
            if (complaints.isDue(row.jobId(), System.nanoTime())) {
                LOG.warn("this process does not take part in job {}: {}", row.jobId(), e.getMessage());
            }
            return Optional.empty();
        }
    }
}
