package io.weir.sketch;

/** Two sketches, or a sketch and a delta, that do not fit together: other kind, parameters, seeds or sampling. */
public final class SketchMismatchException extends IllegalArgumentException {
    public SketchMismatchException(String message) {
        super(message);
    }
}
