package io.weir.precompute.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import io.weir.promql.error.QueryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The fields of a request's object, each read as what it must be; errors name the field. */
final class JobFields {
    private final JsonNode object;

    JobFields(JsonNode object) {
        this.object = object;
    }

    /** An error about a field. */
    static QueryException.BadData bad(String name, String why) {
        return new QueryException.BadData("field \"" + name + "\": " + why);
    }

    /** A text that must be there. */
    String text(String name) {
        JsonNode value = object.get(name);
        if (value == null || value.isNull()) {
            throw bad(name, "is missing; it must be a string");
        }
        if (!value.isTextual()) {
            throw bad(name, "must be a string, but is " + kind(value));
        }
        String text = value.textValue();
        if (text.isBlank()) {
            throw bad(name, "is empty");
        }
        if (!isStorable(text)) {
            throw bad(name, "holds a NUL character or half of a surrogate pair");
        }
        return text;
    }

    Optional<String> optionalText(String name) {
        return isThere(name) ? Optional.of(text(name)) : Optional.empty();
    }

    OptionalDouble number(String name) {
        if (!isThere(name)) {
            return OptionalDouble.empty();
        }
        JsonNode value = object.get(name);
        if (!value.isNumber()) {
            throw bad(name, "must be a number, but is " + kind(value));
        }
        return OptionalDouble.of(value.doubleValue());
    }

    OptionalInt wholeNumber(String name, int from, int to) {
        OptionalDouble value = number(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        double number = value.getAsDouble();
        if (number != Math.rint(number) || !(number >= from && number <= to)) {
            throw bad(name, "must be a whole number from " + from + " to " + to);
        }
        return OptionalInt.of((int) number);
    }

    Optional<List<String>> texts(String name, int countMax) {
        if (!isThere(name)) {
            return Optional.empty();
        }
        JsonNode value = object.get(name);
        if (!value.isArray()) {
            throw bad(name, "must be an array of strings, but is " + kind(value));
        }
        if (value.size() > countMax) {
            throw bad(
                    name,
                    "has " + value.size() + " elements, more than " + countMax
                            + " (setting precompute-jobs-labels-max)");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw bad(name, "must be an array of strings, but has an element that is " + kind(element));
            }
            texts.add(element.textValue());
        }
        return Optional.of(texts);
    }

    boolean isThere(String name) {
        JsonNode value = object.get(name);
        return value != null && !value.isNull();
    }

    private static String kind(JsonNode value) {
        JsonNodeType type = value.getNodeType();
        return switch (type) {
            case ARRAY, OBJECT -> "an " + type.name().toLowerCase(Locale.ROOT);
            case BOOLEAN, NUMBER, STRING, BINARY, POJO -> "a " + type.name().toLowerCase(Locale.ROOT);
            case NULL, MISSING -> "null";
        };
    }

    /** Whether PostgreSQL's jsonb takes a text. */
    private static boolean isStorable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            boolean paired = Character.isHighSurrogate(character)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (character == 0 || Character.isSurrogate(character) && !paired) {
                return false;
            }
            if (paired) {
                i++;
            }
        }
        return true;
    }
}
