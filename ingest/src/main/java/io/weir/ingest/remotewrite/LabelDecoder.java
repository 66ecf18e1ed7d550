package io.weir.ingest.remotewrite;

import io.weir.ingest.remotewrite.Refusals.Reason;
import io.weir.promql.labels.Labels;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Decodes and checks the labels of a series that is not known yet. The rules are those of Prometheus 3.14
 * (storage/remote/write_handler.go, model/labels IsValid with UTF-8 names): valid UTF-8, no empty or repeated name, a metric name.
 * Labels with an empty value are left out, order does not matter.
 */
final class LabelDecoder {
    private static final int FIELD_NAME = 1;
    private static final int FIELD_VALUE = 2;

    /** Why labels were refused. */
    record Problem(Reason reason, String message) {}

    private final RemoteWriteLimits limits;
    private final ProtoCursor cursor = new ProtoCursor();
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    private final TreeMap<String, String> sorted = new TreeMap<>(Labels::compareStrings);
    private @Nullable Problem problem;

    LabelDecoder(RemoteWriteLimits limits) {
        this.limits = limits;
    }

    /** Why the last call returned null. */
    Problem problem() {
        Problem last = problem;
        if (last == null) {
            throw new IllegalStateException("the last labels were good");
        }
        return last;
    }

    /** The labels in a run of label fields, or null if they must be refused. */
    @Nullable
    Labels decode(byte[] buffer, int from, int to) {
        problem = null;
        sorted.clear();
        cursor.set(buffer, from);
        int count = 0;
        while (cursor.position() < to) {
            int tag = cursor.readTag(to);
            assert tag >>> 3 == 1;
            int length = cursor.readLength(to);
            int end = cursor.position() + length;
            if (++count > limits.labelsMax()) {
                return refuse(
                        Reason.LABEL_LIMIT,
                        "a series has more than ingest-remote-write-labels-max=" + limits.labelsMax() + " labels"
                                + named());
            }
            if (!decodeLabel(buffer, end)) {
                return null;
            }
        }
        sorted.values().removeIf(String::isEmpty);
        if (!sorted.containsKey(Labels.METRIC_NAME)) {
            return refuse(Reason.INVALID_LABELS, "a series without a metric name (label __name__): " + sorted);
        }
        String[] pairs = new String[sorted.size() * 2];
        int i = 0;
        for (java.util.Map.Entry<String, String> entry : sorted.entrySet()) {
            pairs[i++] = entry.getKey();
            pairs[i++] = entry.getValue();
        }
        return Labels.ofSorted(pairs);
    }

    private boolean decodeLabel(byte[] buffer, int end) {
        int nameFrom = 0;
        int nameLength = 0;
        int valueFrom = 0;
        int valueLength = 0;
        while (cursor.position() < end) {
            int tag = cursor.readTag(end);
            if (tag == (FIELD_NAME << 3 | ProtoCursor.WIRE_LENGTH)) {
                nameLength = cursor.readLength(end);
                nameFrom = cursor.position();
                cursor.moveTo(nameFrom + nameLength);
            } else if (tag == (FIELD_VALUE << 3 | ProtoCursor.WIRE_LENGTH)) {
                valueLength = cursor.readLength(end);
                valueFrom = cursor.position();
                cursor.moveTo(valueFrom + valueLength);
            } else {
                cursor.skip(tag, end);
            }
        }
        if (nameLength > limits.labelNameBytesMax()) {
            refuse(
                    Reason.LABEL_LIMIT,
                    "a label name of " + nameLength + " bytes is longer than ingest-remote-write-label-name-bytes-max="
                            + limits.labelNameBytesMax() + named());
            return false;
        }
        if (valueLength > limits.labelValueBytesMax()) {
            refuse(
                    Reason.LABEL_LIMIT,
                    "a label value of " + valueLength
                            + " bytes is longer than ingest-remote-write-label-value-bytes-max="
                            + limits.labelValueBytesMax() + named());
            return false;
        }
        String name = text(buffer, nameFrom, nameLength);
        String value = text(buffer, valueFrom, valueLength);
        if (name == null || value == null) {
            refuse(Reason.INVALID_LABELS, "a label that is not valid UTF-8" + named());
            return false;
        }
        if (name.isEmpty()) {
            refuse(Reason.INVALID_LABELS, "a label with an empty name" + named());
            return false;
        }
        // An empty value is the same as no label; it is kept here so that a repeated name is seen.
        if (sorted.put(name, value) != null) {
            refuse(Reason.INVALID_LABELS, "the label " + name + " occurs twice in one series" + named());
            return false;
        }
        return true;
    }

    private String named() {
        String name = sorted.get(Labels.METRIC_NAME);
        return name == null ? "" : " (metric " + name + ")";
    }

    private @Nullable Labels refuse(Reason reason, String message) {
        problem = new Problem(reason, message);
        return null;
    }

    /** The text in these bytes, or null if they are not UTF-8. */
    @Nullable
    String text(byte[] buffer, int from, int length) {
        try {
            return utf8.decode(ByteBuffer.wrap(buffer, from, length)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
