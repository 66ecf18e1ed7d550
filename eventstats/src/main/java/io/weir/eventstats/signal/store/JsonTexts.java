package io.weir.eventstats.signal.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Texts that PostgreSQL takes: it has no character NUL, and no half of a surrogate pair. Both become U+FFFD. */
final class JsonTexts {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final char REPLACEMENT = '\uFFFD';

    private JsonTexts() {}

    static @Nullable String json(@Nullable JsonNode value) {
        if (value == null || value.isNull() || value.isMissingNode()) {
            return null;
        }
        try {
            return MAPPER.writeValueAsString(clean(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can be written", e);
        }
    }

    static String text(String text) {
        StringBuilder cleaned = null;
        for (int i = 0; i < text.length(); i++) {
            char at = text.charAt(i);
            boolean paired = Character.isHighSurrogate(at)
                            && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1))
                    || Character.isLowSurrogate(at) && i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
            if (at == 0 || Character.isSurrogate(at) && !paired) {
                cleaned = cleaned == null ? new StringBuilder(text) : cleaned;
                cleaned.setCharAt(i, REPLACEMENT);
            }
        }
        return cleaned == null ? text : cleaned.toString();
    }

    private static JsonNode clean(JsonNode value) {
        switch (value) {
            case TextNode node -> {
                return TextNode.valueOf(text(node.textValue()));
            }
            case ArrayNode array -> {
                ArrayNode copy = JsonNodeFactory.instance.arrayNode(array.size());
                array.forEach(element -> copy.add(clean(element)));
                return copy;
            }
            case ObjectNode object -> {
                ObjectNode copy = JsonNodeFactory.instance.objectNode();
                for (Map.Entry<String, JsonNode> field : object.properties()) {
                    copy.set(text(field.getKey()), clean(field.getValue()));
                }
                return copy;
            }
            case JsonNode other -> {
                return other;
            }
        }
    }
}
