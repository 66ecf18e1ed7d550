package io.weir.cli.process;

import java.security.Security;

/**
 * How long this process remembers what a host name resolves to. Java's own 30 s would keep an API from a worker that came back
 * with another address; what the operator has set in java.security or on the command line stands.
 */
public final class NameCache {
    private static final String FOUND = "networkaddress.cache.ttl";
    private static final String NOT_FOUND = "networkaddress.cache.negative.ttl";
    private static final String FOUND_BY_OPTION = "sun.net.inetaddr.ttl";
    private static final String NOT_FOUND_BY_OPTION = "sun.net.inetaddr.negative.ttl";
    private static final String JAVAS_NOT_FOUND_SECONDS = "10";
    private static final String SECONDS = "1";

    private NameCache() {}

    /** To be called before the first name is looked up. */
    public static void limit() {
        if (Security.getProperty(FOUND) == null && System.getProperty(FOUND_BY_OPTION) == null) {
            Security.setProperty(FOUND, SECONDS);
        }
        String notFound = Security.getProperty(NOT_FOUND);
        boolean untouched = notFound == null || notFound.equals(JAVAS_NOT_FOUND_SECONDS);
        if (untouched && System.getProperty(NOT_FOUND_BY_OPTION) == null) {
            Security.setProperty(NOT_FOUND, SECONDS);
        }
    }
}
