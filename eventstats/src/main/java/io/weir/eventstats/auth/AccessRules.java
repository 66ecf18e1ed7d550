package io.weir.eventstats.auth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An access list as one file says it: by topic, the users that may read it, each with a filter of its rows. The file is EventGate's {@code
 * conf/access.json}: {@code {topic: ["user", ...]}} or {@code {topic: {"user": {"field": ["regex", ...]}}}}.
 */
final class AccessRules implements AccessList {
    /** Lets nobody read anything. */
    static final AccessRules NOBODY = new AccessRules(Map.of(), List.of());

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Map<String, Map<String, RowFilter>> filtersByUserByTopic;
    private final List<String> remarks;

    private AccessRules(Map<String, Map<String, RowFilter>> filtersByUserByTopic, List<String> remarks) {
        this.filtersByUserByTopic = Map.copyOf(filtersByUserByTopic);
        this.remarks = List.copyOf(remarks);
    }

    /**
     * Reads a file.
     *
     * @param fieldsByTopic the fields that a filter of a topic may name
     * @param patternCharactersMax longest pattern
     * @throws IOException if it is not valid; the message names topic, user and field
     */
    static AccessRules parse(byte[] file, Map<String, Set<String>> fieldsByTopic, int patternCharactersMax)
            throws IOException {
        return new Reading(fieldsByTopic, patternCharactersMax).rules(json(file));
    }

    private static JsonNode json(byte[] file) throws IOException {
        try {
            JsonNode root = JSON.readTree(file);
            if (root != null && root.isObject()) {
                return root;
            }
        } catch (JsonProcessingException e) {
            throw new IOException(
                    "it is not valid JSON: " + e.getOriginalMessage() + " (line "
                            + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")",
                    e);
        }
        throw new IOException("it must be a JSON object of topics");
    }

    @Override
    public TopicAccess access(Caller caller, String topic) {
        RowFilter rows = filtersByUserByTopic.getOrDefault(topic, Map.of()).get(folded(caller.user()));
        return rows == null
                ? new TopicAccess.Refused("User '" + caller.user() + "' is not authorized for topic '" + topic + "'.")
                : new TopicAccess.Granted(rows);
    }

    /** What is odd in the file and no error, for the log. */
    List<String> remarks() {
        return remarks;
    }

    /** Number of topics that somebody may read. */
    int topics() {
        return filtersByUserByTopic.size();
    }

    /**
     * A user for comparison. To lower case only: by way of the upper case, as case folding goes, "ı" would become "i" and one user another.
     */
    private static String folded(String user) {
        return user.toLowerCase(Locale.ROOT);
    }

    /** The reading of one file. */
    private static final class Reading {
        private final Map<String, Set<String>> fieldsByTopic;
        private final int patternCharactersMax;
        private final Map<String, Map<String, RowFilter>> filters = new HashMap<>();
        private final List<String> remarks = new ArrayList<>();

        Reading(Map<String, Set<String>> fieldsByTopic, int patternCharactersMax) {
            this.fieldsByTopic = fieldsByTopic;
            this.patternCharactersMax = patternCharactersMax;
        }

        AccessRules rules(JsonNode root) throws IOException {
            for (Map.Entry<String, JsonNode> entry : root.properties()) {
                String topic = entry.getKey().toLowerCase(Locale.ROOT);
                if (!fieldsByTopic.containsKey(topic)) {
                    remarks.add("topic '" + entry.getKey() + "' is not served here");
                }
                if (filters.put(topic, users(topic, entry.getValue())) != null) {
                    throw new IOException("topic '" + entry.getKey() + "' is there twice, in different case");
                }
            }
            return new AccessRules(filters, remarks);
        }

        private Map<String, RowFilter> users(String topic, JsonNode value) throws IOException {
            Map<String, RowFilter> users = new HashMap<>();
            if (value.isArray()) {
                for (JsonNode user : value) {
                    if (!user.isTextual()) {
                        throw new IOException("topic '" + topic + "': a user must be a text, but is " + kind(user));
                    }
                    add(users, topic, user.textValue(), RowFilter.ALL_ROWS);
                }
            } else if (value.isObject()) {
                for (Map.Entry<String, JsonNode> entry : value.properties()) {
                    String where = "topic '" + topic + "', user '" + entry.getKey() + "'";
                    add(users, topic, entry.getKey(), filter(topic, where, entry.getValue()));
                }
            } else {
                throw new IOException("topic '" + topic
                        + "': it must hold an array of users or an object of users and their fields, but holds "
                        + kind(value));
            }
            return users;
        }

        private static void add(Map<String, RowFilter> users, String topic, String user, RowFilter filter)
                throws IOException {
            if (user.isBlank()) {
                throw new IOException("topic '" + topic + "': a user is blank");
            }
            if (users.put(folded(user), filter) != null) {
                throw new IOException("topic '" + topic + "', user '" + user
                        + "': the user is there twice; case makes no difference");
            }
        }

        private RowFilter filter(String topic, String where, JsonNode fields) throws IOException {
            if (!fields.isObject()) {
                throw new IOException(where + ": it must hold an object of fields, but holds " + kind(fields));
            }
            TreeMap<String, List<AccessPattern>> patterns = new TreeMap<>();
            for (Map.Entry<String, JsonNode> entry : fields.properties()) {
                Set<String> known = fieldsByTopic.get(topic);
                if (known != null && !known.contains(entry.getKey())) {
                    throw new IOException(where + ", field '" + entry.getKey()
                            + "': the topic has no such field to filter by; it has " + new TreeSet<>(known));
                }
                patterns.put(entry.getKey(), patterns(where + ", field '" + entry.getKey() + "'", entry.getValue()));
            }
            return new RowFilter(patterns);
        }

        private List<AccessPattern> patterns(String where, JsonNode values) throws IOException {
            if (!values.isArray() || values.isEmpty()) {
                throw new IOException(where + ": it must hold an array of at least one pattern");
            }
            List<AccessPattern> patterns = new ArrayList<>();
            for (JsonNode value : values) {
                if (!value.isTextual()) {
                    throw new IOException(where + ": a pattern must be a text, but is " + kind(value));
                }
                try {
                    patterns.add(AccessPattern.parse(value.textValue(), patternCharactersMax));
                } catch (IllegalArgumentException e) {
                    throw new IOException(where + ", pattern '" + value.textValue() + "': " + e.getMessage(), e);
                }
            }
            return patterns;
        }

        private static String kind(JsonNode value) {
            return value.getNodeType().toString().toLowerCase(Locale.ROOT);
        }
    }
}
