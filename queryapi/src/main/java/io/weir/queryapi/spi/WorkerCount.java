package io.weir.queryapi.spi;

/**
 * The workers of an API process, now.
 *
 * @param connected with a live stream
 * @param accepting those of them that take work
 */
public record WorkerCount(int connected, int accepting) {}
