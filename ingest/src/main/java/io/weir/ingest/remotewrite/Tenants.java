package io.weir.ingest.remotewrite;

import io.weir.ingest.error.IngestException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names of tenants. They become folders of the store, so only harmless ones are accepted. */
public final class Tenants {
    /** The header that names the tenant. */
    public static final String HEADER = "X-Scope-OrgID";

    /** The tenant of requests that name none. */
    public static final String DEFAULT = "default";

    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    private Tenants() {}

    /**
     * The tenant a header names.
     *
     * @throws IngestException if the name is not allowed
     */
    public static String of(@Nullable String header) {
        if (header == null || header.isEmpty()) {
            return DEFAULT;
        }
        if (!VALID.matcher(header).matches() || header.equals(".") || header.equals("..")) {
            throw IngestException.badData("header " + HEADER
                    + " is not a tenant name; use 1 to 128 of the characters A-Z a-z 0-9 _ . - (and neither . nor ..)");
        }
        return header;
    }
}
