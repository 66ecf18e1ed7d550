package io.weir.queryapi.discovery;

import java.util.regex.Pattern;

/**
 * A service of Kubernetes and the port of its pods.
 *
 * @param namespace empty for the one of this process' service account
 * @param port a number, or the name of a port of the service
 */
record KubernetesTarget(String namespace, String service, String port) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");

    /** Parses {@code service:port} or {@code namespace/service:port}. */
    static KubernetesTarget parse(String text) {
        int slash = text.indexOf('/');
        int colon = text.lastIndexOf(':');
        String namespace = slash < 0 ? "" : text.substring(0, slash);
        String service = colon < 0 ? "" : text.substring(slash + 1, Math.max(colon, slash + 1));
        String port = colon < 0 ? "" : text.substring(colon + 1);
        boolean namespaceFits = slash < 0 || NAME.matcher(namespace).matches();
        if (!namespaceFits || !NAME.matcher(service).matches() || !isPort(port)) {
            throw new IllegalArgumentException("'" + text
                    + "' is no Kubernetes service; write namespace/service:port or service:port, the port as a number"
                    + " or by its name");
        }
        return new KubernetesTarget(namespace, service, port);
    }

    private static boolean isPort(String port) {
        if (port.matches("[0-9]{1,5}")) {
            int number = Integer.parseInt(port);
            return number >= 1 && number <= 65_535;
        }
        return NAME.matcher(port).matches() && !Character.isDigit(port.charAt(0));
    }
}
