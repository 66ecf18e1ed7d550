package io.weir.proto.stream;

import io.grpc.Metadata;
import io.grpc.Status;

/** How a refusal for the version of the protocol is told from other ends of a stream: a trailer, because texts may change. */
public final class VersionRefusal {
    private static final Metadata.Key<String> KEY =
            Metadata.Key.of("weir-refused-protocol-version", Metadata.ASCII_STRING_MARSHALLER);

    private VersionRefusal() {}

    /** The trailers of a refusal of a version. */
    public static Metadata trailers(int refusedVersion) {
        Metadata trailers = new Metadata();
        trailers.put(KEY, Integer.toString(refusedVersion));
        return trailers;
    }

    /** Whether a stream ended because the peer refused our version. */
    public static boolean isOne(Throwable failure) {
        Metadata trailers = Status.trailersFromThrowable(failure);
        return trailers != null && trailers.containsKey(KEY);
    }
}
