package io.weir.sketch.codec;

/** The formats a sketch may come in. */
public enum SketchFormat {
    /** DataDog's {@code sketchpb.DDSketch}. */
    SKETCHPB,
    /** {@code sketchlib.v1.SketchEnvelope}. */
    SKETCH_ENVELOPE,
    /** A state of {@code sketchlib.v1} without its envelope. */
    BARE_STATE,
    /** The self-describing envelope that begins with {@code ASAPv1}. */
    ASAPV1,
    /** A msgpack array of the fields of a state. */
    MSGPACK
}
