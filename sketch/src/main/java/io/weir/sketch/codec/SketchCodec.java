package io.weir.sketch.codec;

import io.weir.sketch.DdSketch;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.HashProfile;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Sketches from bytes and back.
 *
 * <p>The format is told by the first bytes, since what carries them does not say it (report A2): 0x0A sketchpb; 0x09 a bare
 * DDSketchState; 0x08, a number, then 0x10 another bare state, and anything else an envelope; 0x12 0x1A 0x21 0x52 0x5A
 * 0x62 0x6A 0x72 and so on an envelope; "ASAPv1"; 0x93 and 0x96 msgpack. Nothing is tried twice: bytes that are not what they
 * begin like are refused.
 */
public final class SketchCodec {
    private static final int TAG_VERSION = 0x08;
    private static final int TAG_SECOND_VARINT = 0x10;

    private final DecodeLimits limits;

    public SketchCodec(DecodeLimits limits) {
        this.limits = limits;
    }

    /**
     * Reads a sketch.
     *
     * @param expected the kind the carrier names; bare states of matrices and HyperLogLog cannot be told apart without it
     * @throws SketchFormatException for every input that is not a sketch of that kind within the limits
     */
    public DecodedSketch decode(byte[] bytes, Optional<SketchKind> expected) throws SketchFormatException {
        if (bytes.length > limits.bytesMax()) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, bytes.length + " bytes are more than " + limits.bytesMax());
        }
        DecodedSketch decoded = decodeAs(sniff(bytes), bytes, expected);
        SketchKind kind = decoded.sketch().sketch().kind();
        if (expected.isPresent() && expected.get() != kind) {
            throw new SketchFormatException(
                    Reason.WRONG_KIND, "a sketch of kind " + kind + " instead of " + expected.get());
        }
        return decoded;
    }

    private DecodedSketch decodeAs(SketchFormat format, byte[] bytes, Optional<SketchKind> expected)
            throws SketchFormatException {
        return switch (format) {
            case SKETCHPB -> unsampled(format, SketchpbCodec.decode(bytes, limits));
            case SKETCH_ENVELOPE -> new DecodedSketch(format, EnvelopeCodec.decode(bytes, limits));
            case BARE_STATE -> unsampled(format, bareState(bytes, expected));
            case ASAPV1 -> unsampled(format, AsapCodec.decode(bytes, limits));
            case MSGPACK ->
                unsampled(
                        format,
                        (bytes[0] & 0xFF) == 0x93
                                ? MsgpackCodec.ddSketch(bytes, limits)
                                : MsgpackCodec.hyperLogLog(bytes, limits));
        };
    }

    private static DecodedSketch unsampled(SketchFormat format, Sketch sketch) {
        return new DecodedSketch(format, SampledSketch.of(sketch));
    }

    private Sketch bareState(byte[] bytes, Optional<SketchKind> expected) throws SketchFormatException {
        SketchKind kind = bytes[0] == 0x09
                ? SketchKind.DDSKETCH
                : expected.orElseThrow(() -> new SketchFormatException(
                        Reason.AMBIGUOUS, "a bare state of a matrix or a HyperLogLog: say which kind it is"));
        return StateReader.read(kind, new ProtoReader(bytes, limits), HashProfile.STANDARD, limits.matrixHashing());
    }

    /** Which format bytes begin like. */
    public static SketchFormat sniff(byte[] bytes) throws SketchFormatException {
        if (bytes.length == 0) {
            throw new SketchFormatException(Reason.TRUNCATED, "no bytes");
        }
        return switch (bytes[0] & 0xFF) {
            case 0x0A -> SketchFormat.SKETCHPB;
            case 0x09 -> SketchFormat.BARE_STATE;
            case TAG_VERSION ->
                afterFirstNumber(bytes) == TAG_SECOND_VARINT ? SketchFormat.BARE_STATE : SketchFormat.SKETCH_ENVELOPE;
            case 0x12, 0x1A, 0x21, 0x52, 0x5A, 0x62, 0x6A, 0x72, 0x7A, 0x82, 0x8A, 0x92 -> SketchFormat.SKETCH_ENVELOPE;
            case 0x41 -> {
                if (!AsapCodec.hasMagic(bytes)) {
                    throw new SketchFormatException(
                            bytes.length < AsapCodec.MAGIC.length ? Reason.TRUNCATED : Reason.MALFORMED,
                            "bytes that begin with A and not with "
                                    + new String(AsapCodec.MAGIC, StandardCharsets.US_ASCII));
                }
                yield SketchFormat.ASAPV1;
            }
            case 0x93, 0x96 -> SketchFormat.MSGPACK;
            default ->
                throw new SketchFormatException(
                        Reason.MALFORMED, "no format begins with 0x" + Integer.toHexString(bytes[0] & 0xFF));
        };
    }

    private static int afterFirstNumber(byte[] bytes) {
        int at = 1;
        while (at < bytes.length && at < 10 && bytes[at] < 0) {
            at++;
        }
        return at + 1 < bytes.length ? bytes[at + 1] & 0xFF : 0;
    }

    /** A sketch as a {@code sketchlib.v1.SketchEnvelope}. */
    public static byte[] encodeEnvelope(SampledSketch sketch) throws SketchFormatException {
        return EnvelopeCodec.encode(sketch);
    }

    /** A DDSketch as DataDog's sketchpb. */
    public static byte[] encodeSketchpb(DdSketch sketch) throws SketchFormatException {
        return SketchpbCodec.encode(sketch);
    }
}
