package io.weir.eventstats.stats.registry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A mapping of a YAML file that knows which of its keys were asked for. */
final class YamlMap {
    private final String what;
    private final Map<String, @Nullable Object> content;
    private final Set<String> read = new HashSet<>();

    private YamlMap(String what, Map<String, @Nullable Object> content) {
        this.what = what;
        this.content = content;
    }

    /** @throws IllegalArgumentException if it is no mapping of texts */
    static YamlMap of(String what, @Nullable Object content) {
        if (!(content instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(what + " must be a mapping");
        }
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(String.valueOf(key), value));
        return new YamlMap(what, copy);
    }

    @Nullable
    Object optional(String key) {
        read.add(key);
        return content.get(key);
    }

    private Object required(String key) {
        Object value = optional(key);
        if (value == null) {
            throw new IllegalArgumentException("'" + key + "' is missing in " + what);
        }
        return value;
    }

    String string(String key) {
        if (required(key) instanceof String text && !text.isBlank()) {
            return text;
        }
        throw new IllegalArgumentException("'" + key + "' in " + what + " must be a text");
    }

    List<String> strings(String key) {
        List<String> texts = new ArrayList<>();
        for (Object element : list(key)) {
            if (!(element instanceof String text)) {
                throw new IllegalArgumentException("'" + key + "' in " + what + " must be a list of texts");
            }
            texts.add(text);
        }
        return texts;
    }

    boolean bool(String key, boolean otherwise) {
        Object value = optional(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalArgumentException("'" + key + "' in " + what + " must be true or false");
    }

    @Nullable
    Long optionalInteger(String key) {
        Object value = optional(key);
        if (value == null) {
            return null;
        }
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        throw new IllegalArgumentException("'" + key + "' in " + what + " must be an integer");
    }

    long integer(String key, long min, long max) {
        required(key);
        return integer(key, min, max, min);
    }

    long integer(String key, long min, long max, long otherwise) {
        Long value = optionalInteger(key);
        if (value == null) {
            return otherwise;
        }
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    "'" + key + "' in " + what + " must be " + min + " to " + max + ", not " + value);
        }
        return value;
    }

    Optional<YamlMap> optionalMap(String key) {
        Object value = optional(key);
        return value == null ? Optional.empty() : Optional.of(of("'" + key + "'", value));
    }

    List<YamlMap> maps(String key) {
        List<YamlMap> maps = new ArrayList<>();
        for (Object element : list(key)) {
            maps.add(of("'" + key + "'", element));
        }
        return maps;
    }

    private List<?> list(String key) {
        Object value = optional(key);
        if (value == null) {
            return List.of();
        }
        if (value instanceof List<?> list) {
            return list;
        }
        throw new IllegalArgumentException("'" + key + "' in " + what + " must be a list");
    }

    /** @throws IllegalArgumentException if it has a key that nobody asked for */
    void requireNoOther() {
        for (String key : content.keySet()) {
            if (!read.contains(key)) {
                throw new IllegalArgumentException("'" + key + "' in " + what + " is unknown");
            }
        }
    }
}
