package io.weir.queryapi.discovery;

/** A service of Amazon ECS and the port of its tasks. */
record EcsTarget(String cluster, String service, int port) {
    /** Parses {@code cluster/service:port}; the cluster may be a name or an ARN. */
    static EcsTarget parse(String text) {
        int colon = text.lastIndexOf(':');
        int slash = text.lastIndexOf('/', Math.max(colon, 0));
        if (slash <= 0 || slash >= colon - 1 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no ECS service; write cluster/service:port, the port as a number");
        }
        int port = Integer.parseInt(text.substring(colon + 1));
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "port " + port + " of ECS service '" + text + "' is not from 1 to 65535");
        }
        return new EcsTarget(text.substring(0, slash), text.substring(slash + 1, colon), port);
    }
}
