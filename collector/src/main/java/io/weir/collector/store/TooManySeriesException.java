package io.weir.collector.store;

/** A fetch selects more series than it may. */
public final class TooManySeriesException extends Exception {
    private static final long serialVersionUID = 1L;

    TooManySeriesException(int seriesMax) {
        super("more than collector-fetch-series-max=" + seriesMax
                + " series match; add matchers, or raise the setting");
    }
}
