package io.weir.eventstats.signal.http;

import io.weir.eventstats.signal.Snapshot;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** Weak entity tags of signals, and conditions on them (RFC 9110, section 13.1.2). */
final class EntityTags {
    private static final int HASH_BYTES = 16;
    private static final String WEAK = "W/";

    private EntityTags() {}

    /**
     * The tag of what a signal says: the same for every process and request, another when anything of it changes that people see. Times and
     * numbers of updates are left out, so a job that says the same again is not new.
     */
    static String of(Snapshot snapshot) {
        MessageDigest hash = sha256();
        for (Object part : new Object[] {
            snapshot.jobId(),
            Objects.requireNonNullElse(snapshot.runId(), ""),
            snapshot.kind().text(),
            snapshot.phase().text(),
            snapshot.summary(),
            Objects.requireNonNullElse(snapshot.etaSeconds(), ""),
            Objects.requireNonNullElse(snapshot.lastKnownOutcome(), ""),
            Objects.requireNonNullElse(snapshot.nextActions(), ""),
            snapshot.diagnostics()
        }) {
            byte[] bytes = part.toString().getBytes(StandardCharsets.UTF_8);
            // With its length, so that two parts cannot be taken for one.
            hash.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
            hash.update(bytes);
        }
        return WEAK + '"' + HexFormat.of().formatHex(hash.digest(), 0, HASH_BYTES) + '"';
    }

    /**
     * Whether the condition names the tag, compared weakly.
     *
     * @param conditions values of the header lines {@code If-None-Match}; what cannot be read names nothing
     */
    static boolean isNamed(List<String> conditions, String tag) {
        String opaque = opaque(tag);
        for (String condition : conditions) {
            if (condition.strip().equals("*") || names(condition, opaque)) {
                return true;
            }
        }
        return false;
    }

    private static boolean names(String condition, String opaque) {
        int at = 0;
        while (at < condition.length()) {
            int open = condition.indexOf('"', at);
            int close = open < 0 ? -1 : condition.indexOf('"', open + 1);
            if (close < 0) {
                return false;
            }
            if (condition.substring(open, close + 1).equals(opaque)) {
                return true;
            }
            at = close + 1;
        }
        return false;
    }

    private static String opaque(String tag) {
        return tag.startsWith(WEAK) ? tag.substring(WEAK.length()) : tag;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
