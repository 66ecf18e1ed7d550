package io.weir.precompute.source.pushed;

import io.weir.sketch.SketchKind;
import java.util.Optional;

/**
 * A point that was pushed, and of which nothing was taken: what it held is missing.
 *
 * @param kind empty if it is none that is supported
 * @param labels empty if they could not be read
 */
public record RefusedPush(
        String tenant,
        String sender,
        String metric,
        Optional<SketchKind> kind,
        Optional<PushedLabels> labels,
        long fromMillis,
        long toMillis) {
    static RefusedPush of(Push push) {
        return new RefusedPush(
                push.tenant(),
                push.sender(),
                push.metric(),
                Optional.of(push.kind()),
                Optional.of(new PushedLabels(push.resource(), push.labels())),
                push.frame().fromMillis(),
                push.frame().toMillis());
    }
}
