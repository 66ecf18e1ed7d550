package io.weir.precompute.job;

import io.weir.promql.error.QueryException;

/** Where results are found: keys that look like relative paths, never names of files. */
public final class StorePaths {
    static final int CHARACTERS_MAX = 512;
    /** Between a path and the suffix that makes it a job's own. */
    private static final String SUFFIX_SEPARATOR = "-";

    private StorePaths() {}

    /**
     * A path as it was sent.
     *
     * @throws QueryException.BadData saying what is wrong with it
     */
    public static String check(String path) {
        if (path.length() > CHARACTERS_MAX) {
            throw bad("has " + path.length() + " characters, more than " + CHARACTERS_MAX);
        }
        if (path.startsWith("/")) {
            throw bad("must be relative: leave out the / at its start");
        }
        for (String segment : path.split("/", -1)) {
            if (segment.isBlank()) {
                throw bad("has an empty part between its slashes, or a slash at its end");
            }
            if (segment.equals(".") || segment.equals("..")) {
                throw bad("must not have . or .. as a part");
            }
        }
        // Servers and proxies refuse or rewrite these in URLs, however they are escaped, and the results' URL ends with
        // the path.
        path.codePoints().forEach(character -> {
            if (Character.isISOControl(character) || "\\;%?#".indexOf(character) >= 0) {
                throw bad("must hold no control characters and none of \\ ; % ? #");
            }
        });
        return path;
    }

    /** A path of a job's own where the one it asked for is taken. */
    public static String suffixed(String path, String specHash) {
        String suffix = SUFFIX_SEPARATOR + specHash.substring(0, 8);
        return path.substring(0, Math.min(path.length(), CHARACTERS_MAX - suffix.length())) + suffix;
    }

    private static QueryException.BadData bad(String why) {
        return JobFields.bad("store_path", why);
    }
}
