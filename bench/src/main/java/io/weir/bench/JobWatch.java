package io.weir.bench;

import java.io.IOException;
import java.time.Duration;

/** Waits for jobs and asks for their answers; says what is wrong where there is none. */
final class JobWatch {
    private static final Duration FIRST_RESULT_MAX = Duration.ofSeconds(120);
    /** Between two ticks nothing may be fresh for a moment. */
    private static final int HIT_ATTEMPTS_MAX = 40;

    private JobWatch() {}

    /** Waits until a job has a result. */
    static void awaitSuccess(PrecomputeClient client, String id) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + FIRST_RESULT_MAX.toNanos();
        PrecomputeClient.Job job = client.job(id);
        while (!job.hasSucceeded()) {
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "job " + id + " has no result after " + FIRST_RESULT_MAX + "; its last error: " + job.error());
            }
            Thread.sleep(200);
            job = client.job(id);
        }
    }

    /** An answer from a job. */
    static PrecomputeClient.Answer hit(PrecomputeClient client, String query) throws IOException, InterruptedException {
        for (int attempt = 0; attempt < HIT_ATTEMPTS_MAX; attempt++) {
            PrecomputeClient.Answer answer = client.query(query, 0, true);
            if (answer.precomputed()) {
                return answer;
            }
            Thread.sleep(250);
        }
        throw new IOException("no hit in " + HIT_ATTEMPTS_MAX + " attempts: " + query);
    }
}
