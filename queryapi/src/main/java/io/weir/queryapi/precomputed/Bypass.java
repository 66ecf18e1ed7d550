package io.weir.queryapi.precomputed;

import io.javalin.http.Context;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.http.RequestParameters;
import io.weir.queryapi.http.TimeText;

/** How a request says that it wants no answer that was computed before: header {@code X-Precompute: off}, or the parameter {@code precompute=off}. */
public final class Bypass {
    public static final String HEADER = "X-Precompute";
    public static final String PARAMETER = "precompute";

    private static final String OFF = "off";

    private Bypass() {}

    /**
     * Whether a request bypasses.
     *
     * @param parameter its value in the URL, the form or the body; empty if there is none
     * @throws QueryException.BadData if the header or the parameter says anything but off
     */
    public static boolean of(Context context, String parameter) {
        if (!parameter.isEmpty() && !parameter.equals(OFF)) {
            throw RequestParameters.invalid(
                    PARAMETER, "must be off, or left out, but is " + TimeText.quote(shortened(parameter)));
        }
        String header = context.header(HEADER);
        if (header != null && !header.isEmpty() && !header.equals(OFF)) {
            throw new QueryException.BadData(
                    "header " + HEADER + " must be off, or left out, but is " + TimeText.quote(shortened(header)));
        }
        return !parameter.isEmpty() || (header != null && !header.isEmpty());
    }

    private static String shortened(String text) {
        return text.length() <= 64 ? text : text.substring(0, 64);
    }
}
