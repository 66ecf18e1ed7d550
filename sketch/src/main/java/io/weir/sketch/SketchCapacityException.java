package io.weir.sketch;

/** A sketch would grow beyond its bound. What was asked for did not happen; the sketch is as before. */
public final class SketchCapacityException extends RuntimeException {
    public SketchCapacityException(String message) {
        super(message);
    }
}
