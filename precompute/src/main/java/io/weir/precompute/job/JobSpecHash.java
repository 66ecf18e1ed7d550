package io.weir.precompute.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The identity of a spec: equal for requests that ask for the same, however they write it. */
public final class JobSpecHash {
    private JobSpecHash() {}

    /**
     * SHA-256 of what counts, in hexadecimal digits. The hint of a sketch's type does not; neither does the way the query is written.
     *
     * @param spec with the store path that was asked for
     */
    public static String of(JobSpec spec) {
        // An object's text is the same each time: its fields keep their order.
        ObjectNode counts = JobRequests.stored(spec);
        counts.put("query", spec.query().canonical()).remove("sketch_type");
        counts.put("tenant", spec.tenant());
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(counts.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
