package io.weir.precompute.source.grpc;

/**
 * What fetching sketches from a service may take.
 *
 * @param channelsMax connections that are kept; the one that was unused for longest is closed for another
 * @param messageBytesMax longest message, that is, longest sketch with its labels
 * @param pointsMax label sets of one answer
 * @param batchBytesMax heap of the sketches of one answer with their labels, estimated
 */
public record SketchServiceSettings(int channelsMax, int messageBytesMax, int pointsMax, long batchBytesMax) {
    public static final SketchServiceSettings DEFAULT = new SketchServiceSettings(64, 16 << 20, 100_000, 256L << 20);

    public SketchServiceSettings {
        if (channelsMax < 1 || messageBytesMax < 1 || pointsMax < 1 || batchBytesMax < 1) {
            throw new IllegalArgumentException("a limit of precompute-sources-service is not positive");
        }
    }
}
