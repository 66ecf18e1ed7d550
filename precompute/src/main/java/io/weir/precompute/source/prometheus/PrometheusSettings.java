package io.weir.precompute.source.prometheus;

/**
 * What reading from a Prometheus-compatible server may take.
 *
 * @param connectMillisMax longest wait for a connection
 * @param requestsMax requests at a time; one more waits until its tick's deadline
 * @param responseBytesMax longest answer, unpacked
 * @param seriesMax series of an answer
 * @param readMillis time that one request for samples covers at most
 * @param settledMillis how long after its end a part of a window is read again at each tick, for samples that come late
 * @param granulesMax parts that a window is kept in; windows of more parts are read whole at each tick
 * @param windowBytesMax heap of the sketches of one window, or of the parts read for it, estimated; a job with more fails
 * @param retainedBytesMax heap of all kept parts, estimated; beyond it a job's are read anew at its next tick
 */
public record PrometheusSettings(
        int connectMillisMax,
        int requestsMax,
        int responseBytesMax,
        int seriesMax,
        long readMillis,
        long settledMillis,
        int granulesMax,
        long windowBytesMax,
        long retainedBytesMax) {
    public static final PrometheusSettings DEFAULT =
            new PrometheusSettings(3_000, 8, 64 << 20, 100_000, 300_000, 15_000, 1_024, 256L << 20, 256L << 20);

    public PrometheusSettings {
        if (connectMillisMax < 1
                || requestsMax < 1
                || responseBytesMax < 1
                || seriesMax < 1
                || readMillis < 1
                || settledMillis < 0
                || granulesMax < 1
                || windowBytesMax < 1
                || retainedBytesMax < 1) {
            throw new IllegalArgumentException("a limit of precompute-sources-prometheus is negative or zero");
        }
    }
}
