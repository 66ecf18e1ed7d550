package io.weir.precompute.source;

import io.weir.promql.error.QueryException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/** Reads what jobs name as their source, and refuses what is not allowed to be one. Thread-safe. */
public final class SourceAddresses {
    private static final int CHARACTERS_MAX = 1_024;
    private static final int PORT_MAX = 65_535;
    private static final String FORMS = "; a source is host:port or grpc://host:port (sketches), http://host:port or"
            + " https://host:port (a Prometheus-compatible server) or lake:// (Weir's own data)";

    private final AllowedHosts allowed;

    public SourceAddresses(AllowedHosts allowed) {
        this.allowed = allowed;
    }

    /**
     * Reads a source. Names are not resolved: what is not reachable yet may be later.
     *
     * @throws QueryException.BadData naming the field, if it is none or not allowed
     */
    public SourceAddress parse(String text) {
        if (text.isEmpty()) {
            throw bad("must not be empty" + FORMS);
        }
        if (text.length() > CHARACTERS_MAX) {
            throw bad("has more than " + CHARACTERS_MAX + " characters");
        }
        if (text.chars().anyMatch(it -> it <= ' ' || it >= 0x7F)) {
            throw bad("has characters that are none of an address" + FORMS);
        }
        int end = text.indexOf("://");
        if (end < 0) {
            return sketches(text, text);
        }
        return switch (text.substring(0, end).toLowerCase(Locale.ROOT)) {
            case "lake" -> lake(text, text.substring(end + 3));
            case "grpc" -> sketches(text, text.substring(end + 3));
            case "http" -> prometheus(text, 80);
            case "https" -> prometheus(text, 443);
            default -> throw bad("'" + text + "' has a scheme that is not supported" + FORMS);
        };
    }

    private static SourceAddress.Lake lake(String text, String rest) {
        if (!rest.isEmpty()) {
            throw bad("'" + text + "' names something in the lake; write lake:// and put what you want into the query");
        }
        return new SourceAddress.Lake(text);
    }

    private SourceAddress.Sketches sketches(String text, String authority) {
        int colon = authority.lastIndexOf(':');
        String host = colon < 0 ? "" : authority.substring(0, colon);
        String digits = authority.substring(colon + 1);
        boolean isAmbiguous = host.indexOf(':') >= 0 && !host.startsWith("[");
        if (host.isEmpty() || isAmbiguous || !digits.matches("\\d{1,5}")) {
            throw bad("'" + text + "' is no host:port" + FORMS);
        }
        int port = Integer.parseInt(digits);
        requireAllowed(text, host, port);
        return new SourceAddress.Sketches(text, host, port);
    }

    private SourceAddress.Prometheus prometheus(String text, int defaultPort) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw bad("'" + text + "' is no URL" + FORMS);
        }
        if (uri.getHost() == null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw bad("'" + text + "' is no scheme://host:port with or without a path");
        }
        if (uri.getRawUserInfo() != null) {
            throw bad("must not hold a user or password: everybody who may list jobs would see it");
        }
        requireAllowed(text, uri.getHost(), uri.getPort() < 0 ? defaultPort : uri.getPort());
        return new SourceAddress.Prometheus(text, uri);
    }

    private void requireAllowed(String text, String host, int port) {
        if (port < 1 || port > PORT_MAX) {
            throw bad("'" + text + "' has no port from 1 to " + PORT_MAX);
        }
        Optional<InetAddress> literal = AllowedHosts.literal(host);
        if (literal.isEmpty() && !AllowedHosts.isName(host)) {
            throw bad("'" + text + "' has no host's name or address");
        }
        if (literal.isPresent() && AllowedHosts.isForbidden(literal.get())) {
            throw bad("'" + text
                    + "' is an address that is never allowed (link-local, metadata, unspecified, multicast)");
        }
        if (!allowed.allows(host, port)) {
            throw bad("'" + text + "' is not on the list of allowed hosts; --precompute-sources-allowed names them");
        }
    }

    private static QueryException.BadData bad(String what) {
        return new QueryException.BadData("field \"source\": " + what);
    }
}
