package io.weir.cli.query;

import org.jspecify.annotations.Nullable;

/** What the queries of this command say of where they come from. */
final class Surface {
    /** The name of the client. */
    static final String AGENT = "weir";

    private Surface() {}

    /** {@code ci} where continuous integration says so, as its systems do by the variable {@code CI}; else {@code cli}. */
    static String here() {
        return of(System.getenv("CI"));
    }

    static String of(@Nullable String continuousIntegration) {
        return continuousIntegration == null
                        || continuousIntegration.isEmpty()
                        || continuousIntegration.equals("false")
                        || continuousIntegration.equals("0")
                ? "cli"
                : "ci";
    }
}
