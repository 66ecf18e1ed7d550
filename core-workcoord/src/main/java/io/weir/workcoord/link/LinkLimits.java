package io.weir.workcoord.link;

import io.weir.workcoord.Check;

/**
 * Times of a {@link Link}.
 *
 * @param backoffMillisMin wait before the second attempt; doubles up to the maximum, with jitter
 * @param backoffMillisMax longest wait; a stream that lasted longer than this starts again with the shortest
 * @param helloMillisMax a peer that has not said hello by then is given up and dialled again
 */
public record LinkLimits(long backoffMillisMin, long backoffMillisMax, long helloMillisMax) {
    public LinkLimits {
        Check.range("shortest dial back-off (ms)", backoffMillisMin, 1, 600_000);
        Check.range("longest dial back-off (ms)", backoffMillisMax, backoffMillisMin, 3_600_000);
        Check.range("hello limit (ms)", helloMillisMax, 10, 600_000);
    }
}
