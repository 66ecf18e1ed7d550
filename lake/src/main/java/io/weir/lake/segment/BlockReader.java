package io.weir.lake.segment;

/** The one door to the blocks of a segment. One instance serves one scan at a time. */
public interface BlockReader extends AutoCloseable {
    /** Receives rows in ascending (series, first time). */
    @FunctionalInterface
    interface BlockConsumer {
        void accept(BlockRow row);
    }

    /**
     * Passes every block of the series in [seriesFrom, seriesTo) that overlaps [startMillis, endMillis] to the consumer, asserting the order.
     *
     * @param selected which of these series are wanted (a set bit per series ordinal), or null for all
     * @throws CorruptSegmentException if the file is not what its writer wrote
     * @throws java.util.concurrent.CancellationException after {@link #cancel}
     */
    void scan(
            int seriesFrom,
            int seriesTo,
            java.util.@org.jspecify.annotations.Nullable BitSet selected,
            long startMillis,
            long endMillis,
            BlockConsumer consumer);

    /** Stops a running scan soon; callable from any thread. */
    void cancel();

    @Override
    void close();
}
