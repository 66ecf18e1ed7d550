package io.weir.eventstats.database;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** What PostgreSQL can store of the texts and documents of clients. */
public final class StorableJson {
    private StorableJson() {}

    /** Whether PostgreSQL can store a text: it has no NUL and no half of a surrogate pair. */
    public static boolean isStorable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == 0 || Character.isLowSurrogate(character)) {
                return false;
            }
            if (Character.isHighSurrogate(character)) {
                i++;
                if (i == text.length() || !Character.isLowSurrogate(text.charAt(i))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether PostgreSQL's jsonb can store a document. */
    public static boolean isStorable(JsonNode node) {
        if (node.isTextual()) {
            return isStorable(node.textValue());
        }
        if (node.isBigDecimal()) {
            // jsonb's numbers have up to 131072 digits before the point and 16383 behind it.
            return Math.abs((long) node.decimalValue().scale()) <= 1_000;
        }
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (!isStorable(field.getKey()) || !isStorable(field.getValue())) {
                    return false;
                }
            }
            return true;
        }
        for (JsonNode element : node) {
            if (!isStorable(element)) {
                return false;
            }
        }
        return true;
    }
}
