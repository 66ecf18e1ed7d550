package io.weir.sketch.codec;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.weir.sketch.codec.SketchFormatException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The fields of one protobuf message, read one after the other; what goes wrong is a {@link SketchFormatException}.
 *
 * <p>Usage: {@code while (reader.next()) switch (reader.field())}, reading or skipping each field's value.
 */
final class ProtoReader {
    private final CodedInputStream input;
    private final DecodeLimits limits;
    private int tag;

    ProtoReader(byte[] bytes, DecodeLimits limits) throws SketchFormatException {
        if (bytes.length > limits.bytesMax()) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, bytes.length + " bytes are more than " + limits.bytesMax());
        }
        input = CodedInputStream.newInstance(bytes);
        this.limits = limits;
    }

    DecodeLimits limits() {
        return limits;
    }

    /** A read that may fail. */
    private interface Read<T> {
        T read() throws IOException;
    }

    private static <T> T reading(Read<T> read) throws SketchFormatException {
        try {
            return read.read();
        } catch (IOException e) {
            throw refusal(e);
        }
    }

    private static SketchFormatException refusal(IOException e) {
        // The library has one exception for all; only its text tells the cases apart.
        boolean isEnd = e instanceof InvalidProtocolBufferException
                && String.valueOf(e.getMessage()).contains("ended unexpectedly");
        return new SketchFormatException(
                isEnd ? Reason.TRUNCATED : Reason.MALFORMED, isEnd ? "the bytes end early" : "no protobuf message");
    }

    /** Goes to the next field; false at the end of the message. */
    boolean next() throws SketchFormatException {
        tag = reading(input::readTag);
        return tag != 0;
    }

    int field() {
        return WireFormat.getTagFieldNumber(tag);
    }

    void skip() throws SketchFormatException {
        if (!reading(() -> input.skipField(tag))) {
            throw new SketchFormatException(Reason.MALFORMED, "a group ends that did not begin");
        }
    }

    private void require(int wireType) throws SketchFormatException {
        if (WireFormat.getTagWireType(tag) != wireType) {
            throw new SketchFormatException(
                    Reason.MALFORMED, "field " + field() + " has wire type " + WireFormat.getTagWireType(tag));
        }
    }

    double doubleValue() throws SketchFormatException {
        require(WireFormat.WIRETYPE_FIXED64);
        return reading(input::readDouble);
    }

    long varint() throws SketchFormatException {
        require(WireFormat.WIRETYPE_VARINT);
        return reading(input::readRawVarint64);
    }

    long zigzag() throws SketchFormatException {
        return CodedInputStream.decodeZigZag64(varint());
    }

    /** A number of 32 bits without a sign, at most {@code max}. */
    int count(int max, String what) throws SketchFormatException {
        long value = varint();
        if (value < 0 || value > max) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, what + " of " + Long.toUnsignedString(value) + " is above " + max);
        }
        return (int) value;
    }

    /** A signed number of 32 bits in zigzag form. */
    int signedInt() throws SketchFormatException {
        long value = zigzag();
        if (value != (int) value) {
            throw new SketchFormatException(Reason.MALFORMED, value + " is no number of 32 bits");
        }
        return (int) value;
    }

    /** The bytes of a field, which exist already: nothing longer than the input is taken. */
    byte[] bytes() throws SketchFormatException {
        require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
        return reading(input::readByteArray);
    }

    String text() throws SketchFormatException {
        byte[] bytes = bytes();
        if (bytes.length > limits.keyBytesMax()) {
            throw new SketchFormatException(
                    Reason.TOO_LARGE, "a text of " + bytes.length + " bytes is longer than " + limits.keyBytesMax());
        }
        return utf8(bytes);
    }

    static String utf8(byte[] bytes) throws SketchFormatException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SketchFormatException(Reason.MALFORMED, "a text is no UTF-8");
        }
    }

    /** A nested message. */
    ProtoReader message() throws SketchFormatException {
        return new ProtoReader(bytes(), limits);
    }

    /** Doubles, packed or one by one, appended to {@code values} as their bits. */
    void doubles(Values values) throws SketchFormatException {
        repeated(values, WireFormat.WIRETYPE_FIXED64);
    }

    /** Varints, packed or one by one, appended to {@code values} as they are. */
    void varints(Values values) throws SketchFormatException {
        repeated(values, WireFormat.WIRETYPE_VARINT);
    }

    private void repeated(Values values, int wireType) throws SketchFormatException {
        try {
            if (WireFormat.getTagWireType(tag) == wireType) {
                values.add(
                        wireType == WireFormat.WIRETYPE_FIXED64
                                ? input.readRawLittleEndian64()
                                : input.readRawVarint64());
                return;
            }
            require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
            int outer = input.pushLimit(input.readRawVarint32());
            while (input.getBytesUntilLimit() > 0) {
                values.add(
                        wireType == WireFormat.WIRETYPE_FIXED64
                                ? input.readRawLittleEndian64()
                                : input.readRawVarint64());
            }
            input.popLimit(outer);
        } catch (IOException e) {
            throw refusal(e);
        }
    }
}
