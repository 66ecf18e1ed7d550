package io.weir.promql.differential;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON into maps, lists, strings and booleans; numbers stay the text they were. */
final class TestingJson {
    private final String text;
    private int position;

    private TestingJson(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        TestingJson json = new TestingJson(text);
        Object value = json.value();
        json.blanks();
        if (json.position != text.length()) {
            throw json.error("more text after the value");
        }
        return value;
    }

    private Object value() {
        blanks();
        return switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            default -> word();
        };
    }

    private Map<String, Object> object() {
        Map<String, Object> members = new LinkedHashMap<>();
        position++;
        while (!closes('}')) {
            String name = string();
            expect(':');
            members.put(name, value());
        }
        return members;
    }

    private List<Object> array() {
        List<Object> elements = new ArrayList<>();
        position++;
        while (!closes(']')) {
            elements.add(value());
        }
        return elements;
    }

    /* Whether the container ends here; otherwise its next element begins here. */
    private boolean closes(char end) {
        blanks();
        if (peek() == ',') {
            position++;
            blanks();
        }
        if (peek() != end) {
            return false;
        }
        position++;
        return true;
    }

    private String string() {
        expect('"');
        StringBuilder builder = new StringBuilder();
        while (peek() != '"') {
            char next = text.charAt(position++);
            builder.append(next == '\\' ? escaped() : next);
        }
        position++;
        return builder.toString();
    }

    private char escaped() {
        char kind = text.charAt(position++);
        return switch (kind) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'u' -> {
                position += 4;
                yield (char) Integer.parseInt(text.substring(position - 4, position), 16);
            }
            default -> kind;
        };
    }

    private String word() {
        int start = position;
        while (position < text.length() && ",]} \n\t\r".indexOf(text.charAt(position)) < 0) {
            position++;
        }
        if (start == position) {
            throw error("no value");
        }
        return text.substring(start, position);
    }

    private void expect(char wanted) {
        blanks();
        if (peek() != wanted) {
            throw error("expected " + wanted);
        }
        position++;
    }

    private void blanks() {
        while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
            position++;
        }
    }

    private char peek() {
        if (position >= text.length()) {
            throw error("unexpected end");
        }
        return text.charAt(position);
    }

    private IllegalArgumentException error(String message) {
        return new IllegalArgumentException("JSON at " + position + ": " + message + ": " + text);
    }
}
