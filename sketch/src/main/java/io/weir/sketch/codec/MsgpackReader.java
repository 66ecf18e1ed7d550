package io.weir.sketch.codec;

import io.weir.sketch.codec.SketchFormatException.Reason;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** Values of MessagePack (its public specification), one after the other. Announced lengths are compared with what is there. */
final class MsgpackReader {
    private final ByteBuffer input;
    private final DecodeLimits limits;

    MsgpackReader(ByteBuffer input, DecodeLimits limits) {
        this.input = input.slice();
        this.limits = limits;
    }

    DecodeLimits limits() {
        return limits;
    }

    private int lead() throws SketchFormatException {
        return unsignedByte();
    }

    private int unsignedByte() throws SketchFormatException {
        requireLeft(1);
        return input.get() & 0xFF;
    }

    private void requireLeft(long bytes) throws SketchFormatException {
        if (input.remaining() < bytes) {
            throw new SketchFormatException(Reason.TRUNCATED, "the bytes end early");
        }
    }

    private static SketchFormatException unexpected(int lead, String expected) {
        return new SketchFormatException(
                Reason.MALFORMED, "msgpack type 0x" + Integer.toHexString(lead) + " instead of " + expected);
    }

    private long unsigned(int bytes) throws SketchFormatException {
        requireLeft(bytes);
        return switch (bytes) {
            case 1 -> input.get() & 0xFFL;
            case 2 -> input.getShort() & 0xFFFFL;
            case 4 -> input.getInt() & 0xFFFFFFFFL;
            default -> input.getLong();
        };
    }

    /** How many elements the array has; each takes a byte at least, so more than are left is truncated. */
    int array() throws SketchFormatException {
        int lead = lead();
        long size = switch (lead) {
            case 0xdc -> unsigned(2);
            case 0xdd -> unsigned(4);
            default -> {
                if ((lead & 0xF0) != 0x90) {
                    throw unexpected(lead, "an array");
                }
                yield lead & 0x0F;
            }
        };
        requireLeft(size);
        return (int) size;
    }

    void array(int size, String what) throws SketchFormatException {
        int given = array();
        if (given != size) {
            throw new SketchFormatException(Reason.MALFORMED, what + " has " + given + " elements, not " + size);
        }
    }

    int map() throws SketchFormatException {
        int lead = lead();
        if (lead == 0xde) {
            return (int) unsigned(2);
        }
        if ((lead & 0xF0) != 0x80) {
            throw unexpected(lead, "a map");
        }
        return lead & 0x0F;
    }

    /** A whole number; one without a sign above the largest long is not supported. */
    long whole() throws SketchFormatException {
        return whole(lead());
    }

    private long whole(int lead) throws SketchFormatException {
        if (lead < 0x80) {
            return lead;
        }
        if (lead >= 0xe0) {
            return (byte) lead;
        }
        return switch (lead) {
            case 0xcc -> unsigned(1);
            case 0xcd -> unsigned(2);
            case 0xce -> unsigned(4);
            case 0xcf -> {
                long value = unsigned(8);
                if (value < 0) {
                    throw new SketchFormatException(
                            Reason.UNSUPPORTED, Long.toUnsignedString(value) + " is beyond 63 bits");
                }
                yield value;
            }
            case 0xd0 -> (byte) unsigned(1);
            case 0xd1 -> (short) unsigned(2);
            case 0xd2 -> (int) unsigned(4);
            case 0xd3 -> unsigned(8);
            default -> throw unexpected(lead, "a whole number");
        };
    }

    /** The bits of a seed: any whole number of 64 bits. */
    long bits() throws SketchFormatException {
        int lead = lead();
        return lead == 0xcf ? unsigned(8) : whole(lead);
    }

    /** A number: floating-point, or whole and exact. */
    double number() throws SketchFormatException {
        int lead = lead();
        return switch (lead) {
            case 0xcb -> Double.longBitsToDouble(unsigned(8));
            case 0xca -> Float.intBitsToFloat((int) unsigned(4));
            default -> Values.exact(whole(lead));
        };
    }

    boolean startsText() throws SketchFormatException {
        requireLeft(1);
        int lead = input.get(input.position()) & 0xFF;
        return (lead & 0xE0) == 0xA0 || lead == 0xd9 || lead == 0xda || lead == 0xdb;
    }

    String text() throws SketchFormatException {
        int lead = lead();
        long length = switch (lead) {
            case 0xd9 -> unsigned(1);
            case 0xda -> unsigned(2);
            case 0xdb -> unsigned(4);
            default -> {
                if ((lead & 0xE0) != 0xA0) {
                    throw unexpected(lead, "a text");
                }
                yield lead & 0x1F;
            }
        };
        if (length > limits.keyBytesMax()) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, "a text of " + length + " bytes is longer than " + limits.keyBytesMax());
        }
        return ProtoReader.utf8(take(length));
    }

    /** Bytes: binary, or an array of numbers below 256, as some encoders write them. */
    byte[] binary() throws SketchFormatException {
        requireLeft(1);
        int lead = input.get(input.position()) & 0xFF;
        if (lead == 0xc4 || lead == 0xc5 || lead == 0xc6) {
            input.get();
            return take(unsigned(1 << (lead - 0xc4)));
        }
        byte[] bytes = new byte[array()];
        for (int i = 0; i < bytes.length; i++) {
            long value = whole();
            if (value < 0 || value > 255) {
                throw new SketchFormatException(Reason.MALFORMED, value + " is no byte");
            }
            bytes[i] = (byte) value;
        }
        return bytes;
    }

    private byte[] take(long length) throws SketchFormatException {
        requireLeft(length);
        byte[] bytes = new byte[(int) length];
        try {
            input.get(bytes);
        } catch (BufferUnderflowException e) {
            throw new SketchFormatException(Reason.TRUNCATED, "the bytes end early");
        }
        return bytes;
    }

    void requireEnd() throws SketchFormatException {
        if (input.hasRemaining()) {
            throw new SketchFormatException(Reason.MALFORMED, input.remaining() + " bytes too many");
        }
    }
}
