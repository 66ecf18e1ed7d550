package io.weir.queryapi.discovery;

/** Where a worker's control port is. */
public record WorkerAddress(String host, int port) implements Comparable<WorkerAddress> {
    public WorkerAddress {
        if (host.isBlank()) {
            throw new IllegalArgumentException("a worker's address needs a host: host:port");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " of worker " + host + " is not from 1 to 65535");
        }
    }

    /** Parses {@code host:port} or {@code [ipv6]:port}. */
    public static WorkerAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0 || colon == text.length() - 1) {
            throw new IllegalArgumentException("'" + text + "' is no worker address; write host:port");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException("'" + text + "': write an IPv6 address as [address]:port");
        }
        return new WorkerAddress(host, parsePort(text, text.substring(colon + 1)));
    }

    private static int parsePort(String text, String port) {
        try {
            return Integer.parseInt(port);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException("'" + port + "' in '" + text + "' is no port number", notANumber);
        }
    }

    @Override
    public int compareTo(WorkerAddress other) {
        int byHost = host.compareTo(other.host);
        return byHost != 0 ? byHost : Integer.compare(port, other.port);
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
