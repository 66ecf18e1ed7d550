package io.weir.precompute.source;

import java.net.URI;

/** Where a job's data comes from. {@link #text} is what was sent, and what statuses show. */
public sealed interface SourceAddress {
    String text();

    /** {@code lake://}: Weir's own segments. */
    record Lake(String text) implements SourceAddress {}

    /** {@code host:port} or {@code grpc://host:port}: a SketchSource service; where that is not implemented, what was pushed under this name. */
    record Sketches(String text, String host, int port) implements SourceAddress {}

    /** {@code http://} or {@code https://}: a Prometheus-compatible endpoint. */
    record Prometheus(String text, URI base) implements SourceAddress {}
}
