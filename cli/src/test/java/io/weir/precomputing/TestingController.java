package io.weir.precomputing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A planner as ASAPQuery's control plane is one: makes a job of each query that repeats faster than it may take to answer, always asks for
 * {@code ddsketch}, takes any 2xx, and on a new plan deletes its jobs and then makes them anew.
 */
final class TestingController implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A query that somebody repeats. */
    record Planned(String query, Duration repeatEvery, Duration latencySla, String storePath) {}

    private final URI server;
    private final String source;
    private final List<String> jobIds = new ArrayList<>();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TestingController(URI server, String source) {
        this.server = server;
        this.source = source;
    }

    /** Ids of the jobs it has. */
    List<String> jobIds() {
        return List.copyOf(jobIds);
    }

    /** Puts a plan in the place of the one before. */
    void apply(List<Planned> plan) throws IOException, InterruptedException {
        rollBack();
        for (Planned planned : plan) {
            if (planned.repeatEvery().compareTo(planned.latencySla()) < 0) {
                HttpResponse<String> answer = send(HttpRequest.newBuilder(server.resolve("/api/v1/precompute/jobs"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(JSON.createObjectNode()
                                .put("query", planned.query())
                                .put("granularity", planned.repeatEvery().toSeconds() + "s")
                                .put("source", source)
                                .put("sketch_type", "ddsketch")
                                .put("store_path", planned.storePath())))));
                if (answer.statusCode() / 100 != 2) {
                    throw new IOException("the job was refused: " + answer.statusCode() + " " + answer.body());
                }
                JsonNode job = JSON.readTree(answer.body());
                jobIds.add(job.path("job_id").asText());
            }
        }
    }

    /** Ends its jobs; each must be there. */
    void rollBack() throws IOException, InterruptedException {
        for (String jobId : jobIds) {
            HttpResponse<String> answer =
                    send(HttpRequest.newBuilder(server.resolve("/api/v1/precompute/jobs/" + jobId))
                            .DELETE());
            if (answer.statusCode() != 204 || !answer.body().isEmpty()) {
                throw new IOException("no 204 without a body: " + answer.statusCode() + " " + answer.body());
            }
        }
        jobIds.clear();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.timeout(Duration.ofSeconds(10)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        client.close();
    }
}
