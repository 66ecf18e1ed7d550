package io.weir.precompute.registry;

import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.promql.labels.Labels;
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
 * Writes results of ticks for other processes, and reads them: a version, then deflated the bound, the texts of all labels once each, and the
 * elements. Sketches are not written: other quantiles are answered by the process that made them.
 */
final class StoredResults {
    private static final int VERSION = 1;
    /** What is written is at most so much larger when it is read. */
    private static final int INFLATED_PER_BYTE_MAX = 1_032;

    private static final int TEXT_BYTES_MAX = 1 << 20;
    private static final int EXACT = 0;
    private static final int RELATIVE = 1;
    private static final int STANDARD_ERROR = 2;
    private static final int ABSOLUTE = 3;
    private static final int OF_SAMPLE = 4;

    private StoredResults() {}

    /** Empty if it would have more bytes. */
    static Optional<byte[]> write(TickResult result, int bytesMax) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(VERSION);
        // One that is made here is not ended by the stream's close.
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes, deflater))) {
            out.writeLong(result.computedAtMillis());
            out.writeDouble(result.coverage());
            writeBound(out, result.bound());
            writeElements(out, result.vector().elements(), bytes, bytesMax);
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

    private static void writeElements(
            DataOutputStream out, List<ResultVector.Element> elements, ByteArrayOutputStream bytes, int bytesMax)
            throws IOException {
        Map<String, Integer> texts = new HashMap<>();
        out.writeInt(elements.size());
        for (ResultVector.Element element : elements) {
            if (bytes.size() > bytesMax) {
                return;
            }
            Labels labels = element.labels();
            out.writeInt(labels.size());
            for (int i = 0; i < labels.size(); i++) {
                writeText(out, texts, labels.name(i));
                writeText(out, texts, labels.value(i));
            }
            out.writeDouble(element.value());
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
        if (bytes.length == 0 || bytes[0] != VERSION) {
            throw new IOException("the result has a version that this process does not know");
        }
        InputStream deflated = new ByteArrayInputStream(bytes, 1, bytes.length - 1);
        try (DataInputStream in = new DataInputStream(new InflaterInputStream(deflated))) {
            long computedAtMillis = in.readLong();
            double coverage = in.readDouble();
            ErrorBound bound = readBound(in, false);
            ResultVector vector = new ResultVector(readElements(in, bytes.length));
            return new TickResult(jobId, evalMillis, vector, bound, coverage, computedAtMillis, List.of());
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

    private static List<ResultVector.Element> readElements(DataInputStream in, int storedBytes) throws IOException {
        int count = in.readInt();
        // An element has 12 bytes at least before they are compressed.
        if (count < 0 || 12L * count > (long) INFLATED_PER_BYTE_MAX * storedBytes) {
            throw new IOException("the result says it has " + count + " elements");
        }
        List<String> texts = new ArrayList<>();
        List<ResultVector.Element> elements = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int size = in.readInt();
            if (size < 0 || size > 1 << 16) {
                throw new IOException("the result has an element of " + size + " labels");
            }
            String[] pairs = new String[2 * size];
            for (int text = 0; text < pairs.length; text++) {
                pairs[text] = readText(in, texts);
            }
            elements.add(new ResultVector.Element(Labels.of(pairs), in.readDouble()));
        }
        return elements;
    }

    private static String readText(DataInputStream in, List<String> texts) throws IOException {
        int number = in.readInt();
        if (number < 0 || number > texts.size()) {
            throw new IOException("the result refers to a text that it does not have");
        }
        if (number == texts.size()) {
            int length = in.readInt();
            if (length < 0 || length > TEXT_BYTES_MAX) {
                throw new IOException("the result has a text of " + length + " bytes");
            }
            byte[] utf8 = in.readNBytes(length);
            if (utf8.length < length) {
                throw new EOFException();
            }
            texts.add(new String(utf8, StandardCharsets.UTF_8));
        }
        return texts.get(number);
    }
}
