package io.weir.promql.ast;

/** The {@code @} modifier of a selector or subquery. */
public sealed interface At {
    record Timestamp(long millis) implements At {}

    /** {@code @ start()}: start of the top-level query. */
    record Start() implements At {}

    /** {@code @ end()}: end of the top-level query. */
    record End() implements At {}
}
