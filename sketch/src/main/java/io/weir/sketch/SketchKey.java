package io.weir.sketch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * An item of a frequency sketch: a text, or a whole number that is hashed as its eight bytes.
 *
 * <p>The two never equal each other: "5" and 5 hash to different cells.
 */
public sealed interface SketchKey extends Comparable<SketchKey> {
    VarHandle LITTLE_ENDIAN = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** What is hashed. */
    byte[] bytes();

    /** What is shown. */
    String text();

    static SketchKey of(String text) {
        return new Text(text);
    }

    static SketchKey of(long number) {
        return new Whole(number);
    }

    /** Whole numbers before texts, each by its own order: what breaks ties between equal weights. */
    @Override
    default int compareTo(SketchKey other) {
        return switch (this) {
            case Whole mine when other instanceof Whole theirs -> Long.compare(mine.number, theirs.number);
            case Whole mine -> -1;
            case Text mine when other instanceof Text theirs -> mine.text.compareTo(theirs.text);
            case Text mine -> 1;
        };
    }

    /** A text, hashed as UTF-8. */
    record Text(String text) implements SketchKey {
        @Override
        public byte[] bytes() {
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** A whole number, hashed as eight bytes, lowest first. */
    record Whole(long number) implements SketchKey {
        @Override
        public byte[] bytes() {
            byte[] bytes = new byte[Long.BYTES];
            LITTLE_ENDIAN.set(bytes, 0, number);
            return bytes;
        }

        @Override
        public String text() {
            return Long.toString(number);
        }
    }
}
