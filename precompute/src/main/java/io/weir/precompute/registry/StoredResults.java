package io.weir.precompute.registry;

import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SketchPoint;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.ForcedMonotonicity;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.Sketch;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * Writes results of ticks for other processes, and reads them: a version, then deflated the bound, the elements, the sketches (as {@link
 * WireSketch} has them), and in the second version the annotations, with the text of each label once. Sketches that are large, or
 * that the format cannot hold, are left out: then other quantiles are answered by the process that made them only.
 */
final class StoredResults {
    /** Of results without annotations: processes of before read them, too. */
    private static final int VERSION_PLAIN = 1;

    private static final int VERSION_ANNOTATED = 2;
    /** What is written is at most so much larger when it is read. */
    private static final int INFLATED_PER_BYTE_MAX = 1_032;

    private static final int TEXT_BYTES_MAX = 1 << 20;
    private static final int SKETCH_BYTES_MAX = 1 << 24;
    private static final int LABELS_MAX = 1 << 16;
    private static final WireSketch SKETCHES = new WireSketch(DecodeLimits.DEFAULT);
    private static final int EXACT = 0;
    private static final int RELATIVE = 1;
    private static final int STANDARD_ERROR = 2;
    private static final int ABSOLUTE = 3;
    private static final int OF_SAMPLE = 4;
    private static final int WARNING = 0;
    private static final int INFO = 1;

    private StoredResults() {}

    /**
     * Empty if it would have more bytes.
     *
     * @param sketchBytesMax with sketches; if it would have more, it is written without them
     */
    static Optional<byte[]> write(TickResult result, int bytesMax, int sketchBytesMax) {
        if (!result.sketches().isEmpty()) {
            Optional<byte[]> whole = write(result, result.sketches(), Math.min(bytesMax, sketchBytesMax));
            if (whole.isPresent()) {
                return whole;
            }
        }
        return write(result, List.of(), bytesMax);
    }

    private static Optional<byte[]> write(TickResult result, List<SketchPoint> sketches, int bytesMax) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<Annotation> annotations = result.vector().annotations();
        bytes.write(annotations.isEmpty() ? VERSION_PLAIN : VERSION_ANNOTATED);
        // One that is made here is not ended by the stream's close.
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes, deflater))) {
            out.writeLong(result.computedAtMillis());
            out.writeDouble(result.coverage());
            writeBound(out, result.bound());
            Map<String, Integer> texts = new HashMap<>();
            out.writeInt(result.vector().elements().size());
            for (ResultVector.Element element : result.vector().elements()) {
                if (bytes.size() > bytesMax) {
                    return Optional.empty();
                }
                writeLabels(out, texts, element.labels());
                out.writeDouble(element.value());
            }
            out.writeInt(sketches.size());
            for (SketchPoint point : sketches) {
                if (bytes.size() > bytesMax) {
                    return Optional.empty();
                }
                writeLabels(out, texts, point.labels());
                byte[] sketch = WireSketch.encode(point.sketch()).toByteArray();
                out.writeInt(sketch.length);
                out.write(sketch);
            }
            if (!annotations.isEmpty()) {
                writeAnnotations(out, texts, annotations);
            }
        } catch (SketchFormatException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("memory takes everything", e);
        } finally {
            deflater.end();
        }
        return bytes.size() > bytesMax ? Optional.empty() : Optional.of(bytes.toByteArray());
    }

    private static void writeBound(DataOutputStream out, ErrorBound bound) throws IOException {
        switch (bound) {
            case ErrorBound.Exact exact -> out.writeByte(EXACT);
            case ErrorBound.Relative relative -> {
                out.writeByte(RELATIVE);
                out.writeDouble(relative.share());
            }
            case ErrorBound.StandardError error -> {
                out.writeByte(STANDARD_ERROR);
                out.writeDouble(error.share());
            }
            case ErrorBound.Absolute absolute -> {
                out.writeByte(ABSOLUTE);
                out.writeDouble(absolute.amount());
            }
            case ErrorBound.OfSample sample -> {
                out.writeByte(OF_SAMPLE);
                out.writeDouble(sample.probability());
                writeBound(out, sample.within());
            }
        }
    }

    private static void writeAnnotations(DataOutputStream out, Map<String, Integer> texts, List<Annotation> annotations)
            throws IOException {
        out.writeInt(annotations.size());
        for (Annotation annotation : annotations) {
            out.writeByte(
                    switch (annotation.level()) {
                        case WARNING -> WARNING;
                        case INFO -> INFO;
                    });
            writeText(out, texts, annotation.text());
            ForcedMonotonicity detail = annotation.detail();
            out.writeBoolean(detail != null);
            if (detail != null) {
                out.writeLong(detail.minTimeMillis());
                out.writeLong(detail.maxTimeMillis());
                out.writeDouble(detail.minBucket());
                out.writeDouble(detail.maxBucket());
                out.writeDouble(detail.maxDifference());
                out.writeLong(detail.samples());
            }
        }
    }

    private static void writeLabels(DataOutputStream out, Map<String, Integer> texts, Labels labels)
            throws IOException {
        out.writeInt(labels.size());
        for (int i = 0; i < labels.size(); i++) {
            writeText(out, texts, labels.name(i));
            writeText(out, texts, labels.value(i));
        }
    }

    /** A text's number; the first time, which is when the number is a new one, its bytes follow. */
    private static void writeText(DataOutputStream out, Map<String, Integer> texts, String text) throws IOException {
        Integer known = texts.putIfAbsent(text, texts.size());
        if (known != null) {
            out.writeInt(known);
            return;
        }
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(texts.size() - 1);
        out.writeInt(utf8.length);
        out.write(utf8);
    }

    /**
     * A result as it was written.
     *
     * @throws IOException if the bytes are none
     */
    static TickResult read(String jobId, long evalMillis, byte[] bytes) throws IOException {
        if (bytes.length == 0 || (bytes[0] != VERSION_PLAIN && bytes[0] != VERSION_ANNOTATED)) {
            throw new IOException("the result has a version that this process does not know");
        }
        InputStream deflated = new ByteArrayInputStream(bytes, 1, bytes.length - 1);
        try (DataInputStream in = new DataInputStream(new InflaterInputStream(deflated))) {
            long computedAtMillis = in.readLong();
            double coverage = in.readDouble();
            ErrorBound bound = readBound(in, false);
            List<String> texts = new ArrayList<>();
            List<ResultVector.Element> elements = readElements(in, texts, bytes.length);
            List<SketchPoint> sketches = readSketches(in, texts, bytes.length);
            List<Annotation> annotations =
                    bytes[0] == VERSION_ANNOTATED ? readAnnotations(in, texts, bytes.length) : List.of();
            ResultVector vector = new ResultVector(elements, annotations);
            return new TickResult(jobId, evalMillis, vector, bound, coverage, computedAtMillis, sketches);
        } catch (EOFException e) {
            throw new IOException("the result ends too early", e);
        } catch (IllegalArgumentException e) {
            throw new IOException("the result has labels that are none: " + e.getMessage(), e);
        }
    }

    private static ErrorBound readBound(DataInputStream in, boolean isInner) throws IOException {
        int kind = in.readUnsignedByte();
        return switch (kind) {
            case EXACT -> new ErrorBound.Exact();
            case RELATIVE -> new ErrorBound.Relative(in.readDouble());
            case STANDARD_ERROR -> new ErrorBound.StandardError(in.readDouble());
            case ABSOLUTE -> new ErrorBound.Absolute(in.readDouble());
            case OF_SAMPLE -> {
                if (isInner) {
                    throw new IOException("the result has an error bound of a sample of a sample");
                }
                double probability = in.readDouble();
                yield new ErrorBound.OfSample(probability, readBound(in, true));
            }
            default -> throw new IOException("the result has an unknown kind of error bound, " + kind);
        };
    }

    private static List<ResultVector.Element> readElements(DataInputStream in, List<String> texts, int storedBytes)
            throws IOException {
        int count = readCount(in, storedBytes);
        List<ResultVector.Element> elements = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            Labels labels = readLabels(in, texts);
            elements.add(new ResultVector.Element(labels, in.readDouble()));
        }
        return elements;
    }

    private static List<SketchPoint> readSketches(DataInputStream in, List<String> texts, int storedBytes)
            throws IOException {
        int count = readCount(in, storedBytes);
        List<SketchPoint> points = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            Labels labels = readLabels(in, texts);
            byte[] sketch = readBytes(in, SKETCH_BYTES_MAX);
            try {
                points.add(new SketchPoint(
                        labels, SKETCHES.decode(Sketch.parseFrom(sketch), Optional.of(SketchKind.DDSKETCH))));
            } catch (SketchFormatException e) {
                throw new IOException("the result has a sketch that is none: " + e.getMessage(), e);
            }
        }
        return points;
    }

    private static List<Annotation> readAnnotations(DataInputStream in, List<String> texts, int storedBytes)
            throws IOException {
        int count = readCount(in, storedBytes);
        List<Annotation> annotations = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int number = in.readUnsignedByte();
            Annotation.Level level = switch (number) {
                case WARNING -> Annotation.Level.WARNING;
                case INFO -> Annotation.Level.INFO;
                default -> throw new IOException("the result has an annotation of an unknown level, " + number);
            };
            String text = readText(in, texts);
            ForcedMonotonicity detail = in.readBoolean()
                    ? new ForcedMonotonicity(
                            in.readLong(),
                            in.readLong(),
                            in.readDouble(),
                            in.readDouble(),
                            in.readDouble(),
                            in.readLong())
                    : null;
            annotations.add(new Annotation(level, text, PositionRange.NONE, detail));
        }
        return annotations;
    }

    private static int readCount(DataInputStream in, int storedBytes) throws IOException {
        int count = in.readInt();
        // Each takes 8 bytes at least before they are compressed.
        if (count < 0 || 8L * count > (long) INFLATED_PER_BYTE_MAX * storedBytes) {
            throw new IOException("the result says it has " + count + " elements");
        }
        return count;
    }

    private static Labels readLabels(DataInputStream in, List<String> texts) throws IOException {
        int size = in.readInt();
        if (size < 0 || size > LABELS_MAX) {
            throw new IOException("the result has an element of " + size + " labels");
        }
        String[] pairs = new String[2 * size];
        for (int text = 0; text < pairs.length; text++) {
            pairs[text] = readText(in, texts);
        }
        return Labels.of(pairs);
    }

    private static byte[] readBytes(DataInputStream in, int lengthMax) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > lengthMax) {
            throw new IOException("the result has a part of " + length + " bytes");
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    private static String readText(DataInputStream in, List<String> texts) throws IOException {
        int number = in.readInt();
        if (number < 0 || number > texts.size()) {
            throw new IOException("the result refers to a text that it does not have");
        }
        if (number == texts.size()) {
            texts.add(new String(readBytes(in, TEXT_BYTES_MAX), StandardCharsets.UTF_8));
        }
        return texts.get(number);
    }
}
