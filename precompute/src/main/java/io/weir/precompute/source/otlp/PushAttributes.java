package io.weir.precompute.source.otlp;

import io.weir.precompute.source.otlp.PushRefusals.Refusal;
import io.weir.promql.labels.Labels;
import io.weir.proto.push.v1.KeyValue;
import io.weir.proto.push.v1.Value;
import io.weir.sketch.SampleSketches;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Attributes and names of OTLP as labels and metrics that a query can name: what is no letter, digit or underscore becomes an underscore. */
final class PushAttributes {
    static final String SENDER = "weir.source";

    private PushAttributes() {}

    /** A point, or all of them, that cannot be taken. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;

        private final Refusal refusal;

        RefusedException(Refusal refusal, String message) {
            super(message);
            this.refusal = refusal;
        }

        Refusal refusal() {
            return refusal;
        }

        String text() {
            return String.valueOf(getMessage());
        }
    }

    /** A metric's name, with colons kept. */
    static String metric(String name) throws RefusedException {
        if (name.isEmpty()) {
            throw new RefusedException(Refusal.CONTRACT, "a metric without a name");
        }
        return translatedMetric(name);
    }

    /** A metric's name that is not empty, with colons kept. */
    static String translatedMetric(String name) {
        return translated(name, true);
    }

    static Labels labels(List<KeyValue> attributes) throws RefusedException {
        Map<String, String> labels = new HashMap<>();
        for (KeyValue attribute : attributes) {
            if (attribute.getKey().isEmpty()) {
                throw new RefusedException(Refusal.CONTRACT, "an attribute without a key");
            }
            String name = translated(attribute.getKey(), false);
            if (name.equals(Labels.METRIC_NAME)) {
                throw new RefusedException(Refusal.CONTRACT, "an attribute that names the metric");
            }
            if (labels.put(name, text(attribute)) != null) {
                throw new RefusedException(Refusal.CONTRACT, "two attributes become the label " + name);
            }
        }
        return Labels.of(labels);
    }

    private static String translated(String name, boolean keepsColons) {
        StringBuilder text = new StringBuilder(name.length() + 1);
        if (name.charAt(0) >= '0' && name.charAt(0) <= '9') {
            text.append('_');
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean isPlain = c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || c == '_'
                    || c == ':' && keepsColons;
            text.append(isPlain ? c : '_');
        }
        return text.toString();
    }

    private static String text(KeyValue attribute) throws RefusedException {
        Value value = attribute.getValue();
        return switch (value.getValueCase()) {
            case STRING_VALUE -> value.getStringValue();
            case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
            case INT_VALUE -> Long.toString(value.getIntValue());
            case DOUBLE_VALUE -> SampleSketches.text(value.getDoubleValue());
            case VALUE_NOT_SET -> "";
            case ARRAY_VALUE, MAP_VALUE, BYTES_VALUE ->
                throw new RefusedException(
                        Refusal.CONTRACT, "the attribute " + attribute.getKey() + " is no text, number or boolean");
        };
    }

    /** The sender that a resource names, or the one that is given. */
    static String sender(List<KeyValue> resource, String otherwise) {
        for (KeyValue attribute : resource) {
            if (attribute.getKey().equals(SENDER)
                    && !attribute.getValue().getStringValue().isEmpty()) {
                return attribute.getValue().getStringValue();
            }
        }
        return otherwise;
    }
}
