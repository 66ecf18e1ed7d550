package io.weir.collector.source;

/**
 * Limits of fetches.
 *
 * @param concurrentMax fetches that are worked on at one time; further ones are refused
 * @param seriesMax series of one fetch
 * @param matchersMax matchers of one fetch
 * @param waitMillisMax longest wait for a window's last interval to be closed; what is complete by then is answered
 * @param sendMillisMax longest wait for a peer that reads slowly
 */
public record FetchSettings(int concurrentMax, int seriesMax, int matchersMax, long waitMillisMax, long sendMillisMax) {
    public static final FetchSettings DEFAULT = new FetchSettings(64, 100_000, 64, 15_000, 10_000);

    public FetchSettings {
        if (concurrentMax < 1 || seriesMax < 1 || matchersMax < 0) {
            throw new IllegalArgumentException("need concurrentMax and seriesMax >= 1 and matchersMax >= 0, got "
                    + concurrentMax + ", " + seriesMax + " and " + matchersMax);
        }
        if (waitMillisMax < 0 || sendMillisMax < 1) {
            throw new IllegalArgumentException(
                    "need waitMillisMax >= 0 and sendMillisMax >= 1, got " + waitMillisMax + " and " + sendMillisMax);
        }
    }
}
