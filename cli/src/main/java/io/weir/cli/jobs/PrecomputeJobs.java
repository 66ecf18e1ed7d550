package io.weir.cli.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.cli.statistics.TextTable;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Asks a server for jobs, makes and ends them ({@code /api/v1/precompute}), and prints the answers. */
public final class PrecomputeJobs {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);
    private static final String JOBS = "/api/v1/precompute/jobs";
    private static final int DIGEST_BYTES_SHOWN = 6;

    private final URI base;
    private final String tenant;
    private final boolean json;
    private final PrintStream out;

    /** @param json whether to print the server's answers as they come */
    public PrecomputeJobs(URI base, String tenant, boolean json, PrintStream out) {
        this.base = base;
        this.tenant = tenant;
        this.json = json;
        this.out = out;
    }

    /**
     * What a new job is to do.
     *
     * @param storePath empty for one made of the other parts
     * @param validUntil RFC 3339, empty for no end
     * @param labels that are kept apart; empty for all
     */
    public record Wish(
            String query,
            String granularity,
            String source,
            String sketchType,
            String storePath,
            String validUntil,
            List<String> labels) {
        public Wish {
            labels = List.copyOf(labels);
        }

        private String storePathOrOwn() {
            // The same wish is the same path, so asking twice is asking once.
            return storePath.isEmpty()
                    ? "cli/" + digest(String.join("\n", query, granularity, source, String.join(",", labels)))
                    : storePath;
        }

        private static String digest(String text) {
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
                return HexFormat.of().formatHex(digest, 0, DIGEST_BYTES_SHOWN);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
    }

    /** Makes a job, or finds the one that does the same. */
    public void add(Wish wish) throws IOException, InterruptedException {
        ObjectNode body = MAPPER.createObjectNode()
                .put("query", wish.query())
                .put("granularity", wish.granularity())
                .put("source", wish.source())
                .put("sketch_type", wish.sketchType())
                .put("store_path", wish.storePathOrOwn());
        if (!wish.validUntil().isEmpty()) {
            body.put("valid_until", wish.validUntil());
        }
        if (!wish.labels().isEmpty()) {
            wish.labels().forEach(body.putArray("labels")::add);
        }
        String answer = send(HttpRequest.newBuilder(base.resolve(JOBS))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(MAPPER.writeValueAsString(body))));
        if (json) {
            out.println(answer);
            return;
        }
        JsonNode root = MAPPER.readTree(answer);
        out.println(root.path("job_id").asText() + "  " + root.path("status").asText() + "  "
                + root.path("store_path").asText(wish.storePathOrOwn()));
        root.path("warnings").forEach(warning -> out.println("# " + warning.asText()));
    }

    /**
     * Prints the jobs.
     *
     * @param status of the jobs to show; empty for all
     */
    public void list(String status) throws IOException, InterruptedException {
        String query = status.isEmpty() ? "" : "?status=" + URLEncoder.encode(status, StandardCharsets.UTF_8);
        String answer = send(HttpRequest.newBuilder(base.resolve(JOBS + query)).GET());
        if (json) {
            out.println(answer);
            return;
        }
        JsonNode root = MAPPER.readTree(answer);
        table(
                root.path("jobs"),
                List.of(
                        "job_id",
                        "status",
                        "granularity",
                        "source",
                        "last_run_at",
                        "result_age_s",
                        "failures",
                        "cache_hits",
                        "store_path",
                        "query"));
        for (JsonNode job : root.path("jobs")) {
            if (!job.path("last_error").asText("").isEmpty()
                    && !job.path("last_error").isNull()) {
                out.println("# " + job.path("job_id").asText() + ": "
                        + oneLine(job.path("last_error").asText()));
            }
        }
        root.path("warnings").forEach(warning -> out.println("# " + oneLine(warning.asText())));
    }

    /** Ends jobs, all that are there; the first that is not is an error after the others have ended. */
    public void remove(List<String> ids) throws IOException, InterruptedException {
        List<String> problems = new ArrayList<>();
        for (String id : ids) {
            try {
                String path = JOBS + "/"
                        + URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
                send(HttpRequest.newBuilder(base.resolve(path)).DELETE());
                out.println(id + "  deleted");
            } catch (RefusedException e) {
                problems.add(e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new IOException(String.join("; ", problems));
        }
    }

    /**
     * Prints queries of the history that would pay off as jobs, each with the command that makes it one, and jobs that nobody asks.
     *
     * @param window of the history, such as {@code 7d}; empty for the server's default
     */
    public void suggest(String window) throws IOException, InterruptedException {
        String query = window.isEmpty() ? "" : "?window=" + URLEncoder.encode(window, StandardCharsets.UTF_8);
        String answer = send(HttpRequest.newBuilder(base.resolve("/api/v1/precompute/suggestions" + query))
                .GET());
        if (json) {
            out.println(answer);
            return;
        }
        JsonNode root = MAPPER.readTree(answer);
        table(
                root.path("suggestions"),
                List.of(
                        "saved_ms",
                        "runs",
                        "repetition_seconds",
                        "exact_p50_ms",
                        "tick_cost_ms",
                        "granularity",
                        "query"));
        for (JsonNode suggestion : root.path("suggestions")) {
            JsonNode request = suggestion.path("request");
            out.println("weir jobs add " + quoted(request.path("query")) + " --granularity "
                    + quoted(request.path("granularity")) + " --source " + quoted(request.path("source"))
                    + " --sketch-type " + quoted(request.path("sketch_type")) + " --store-path "
                    + quoted(request.path("store_path")));
        }
        for (JsonNode job : root.path("unused_jobs")) {
            out.println("# nobody asks for " + oneLine(job.path("query").asText()) + ": weir jobs rm "
                    + quoted(job.path("job_id")));
        }
        root.path("warnings").forEach(warning -> out.println("# " + oneLine(warning.asText())));
    }

    /** As a word of a shell. */
    private static String quoted(JsonNode text) {
        String word = oneLine(text.asText());
        return word.matches("[A-Za-z0-9_./:-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private void table(JsonNode rows, List<String> names) {
        if (rows.isEmpty()) {
            out.println("# none");
            return;
        }
        List<Boolean> numeric = new ArrayList<>();
        for (String name : names) {
            boolean isNumeric = true;
            for (JsonNode row : rows) {
                JsonNode cell = row.path(name);
                isNumeric &= cell.isNumber() || cell.isNull() || cell.isMissingNode();
            }
            numeric.add(isNumeric);
        }
        TextTable table = new TextTable(names, numeric);
        for (JsonNode row : rows) {
            table.add(names.stream().map(name -> text(row.path(name))).toList());
        }
        table.print(out);
    }

    private static String text(JsonNode cell) {
        return cell.isNull() || cell.isMissingNode() ? "-" : cell.isValueNode() ? cell.asText() : cell.toString();
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\p{Cntrl}+", " ");
    }

    /** The server's own words. */
    private static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()) {
            HttpResponse<String> response = client.send(
                    request.timeout(REQUEST_TIMEOUT)
                            .header("X-Scope-OrgID", tenant)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new RefusedException(
                        "the server answered " + response.statusCode() + ": " + reason(response.body()));
            }
            return response.body();
        } catch (ConnectException e) {
            throw new IOException("cannot reach " + base + "; is Weir running there? (--url names the server)", e);
        }
    }

    private static String reason(String body) {
        try {
            String error = MAPPER.readTree(body).path("error").asText("");
            return oneLine(error.isEmpty() ? body : error);
        } catch (JsonProcessingException e) {
            // A proxy's page is shown as it came.
            return oneLine(body);
        }
    }
}
