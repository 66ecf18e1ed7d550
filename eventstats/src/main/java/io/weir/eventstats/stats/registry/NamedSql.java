package io.weir.eventstats.stats.registry;

import io.weir.eventstats.stats.topic.Instants;
import io.weir.eventstats.stats.topic.TopicRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A SELECT with its named parameters compiled to positional ones. It is checked as far as its text allows: one statement, that reads
 * {@code topic_rows} and calls nothing that reaches around it. What it reads in truth, {@link QueryCheck} asks the database.
 *
 * @param text with {@code ?}, each cast to its type
 * @param parameters names by position
 */
record NamedSql(String text, List<String> parameters) {
    /** Names of the system's catalogs and functions: rows of no topic. */
    private static final Pattern SYSTEM = Pattern.compile("pg_.*|information_schema");

    /** Functions that read tables or settings by text. */
    private static final Pattern REACHES_AROUND = Pattern.compile(
            "(query|table|schema|database|cursor)_to_xml(schema|_and_xmlschema)?|dblink.*|lo_.*|set_config|current_setting"
                + "|nextval|setval|currval|lastval|ts_stat");

    private static final Set<String> FIRST = Set.of("select", "with");

    NamedSql {
        parameters = List.copyOf(parameters);
    }

    /**
     * Compiles.
     *
     * @param types of the parameters that the query declares
     * @param window whether it has a window
     * @throws IllegalArgumentException if the statement is refused; the message says why
     */
    static NamedSql compile(String sql, Map<String, ParameterType> types, boolean window) {
        StringBuilder text = new StringBuilder();
        List<String> parameters = new ArrayList<>();
        boolean first = true;
        boolean readsTopic = false;
        String before = "";
        for (SqlToken token : SqlLexer.tokens(sql)) {
            if (before.equalsIgnoreCase("u") && token.text().equals("&")) {
                throw new IllegalArgumentException("the SQL has a text with escapes (U&), which hides what it means");
            }
            before = token.text();
            switch (token.kind()) {
                case SPACE -> text.append(' ');
                case STRING -> text.append(token.text());
                case WORD, QUOTED_NAME -> {
                    String name = name(token);
                    if (first && !FIRST.contains(name)) {
                        throw new IllegalArgumentException("the SQL must begin with SELECT or WITH");
                    }
                    first = false;
                    refuse(name);
                    readsTopic |= name.equals(TopicRows.NAME);
                    text.append(token.text());
                }
                case PARAMETER -> {
                    text.append(placeholder(token.text(), types, window));
                    parameters.add(token.text());
                }
                case POSITION ->
                    throw new IllegalArgumentException(token.text()
                            + " is no parameter: name it, as in :tenant, and declare it under 'parameters'");
                case SYMBOL -> text.append(symbol(token.text()));
            }
        }
        if (!readsTopic) {
            throw new IllegalArgumentException("the SQL must read its topic's rows from " + TopicRows.NAME);
        }
        return new NamedSql(text.toString().strip(), parameters);
    }

    private static String name(SqlToken token) {
        return token.kind() == SqlToken.Kind.QUOTED_NAME
                ? token.text().substring(1, token.text().length() - 1)
                : token.text().toLowerCase(Locale.ROOT);
    }

    private static void refuse(String name) {
        if (SYSTEM.matcher(name).matches() || REACHES_AROUND.matcher(name).matches()) {
            throw new IllegalArgumentException("the SQL uses " + name + ": a query may read nothing but "
                    + TopicRows.NAME + ", which has only the rows that its caller may see");
        }
    }

    /** The driver takes a question mark for a parameter; PostgreSQL has operators with it, which are written twice for the driver. */
    private static String symbol(String symbol) {
        return switch (symbol) {
            case ";" -> throw new IllegalArgumentException("the SQL must be one statement, without ';'");
            case "?" -> "??";
            default -> symbol;
        };
    }

    private static String placeholder(String name, Map<String, ParameterType> types, boolean window) {
        if (window && (name.equals(Window.START_MILLIS) || name.equals(Window.END_MILLIS))) {
            return "?::bigint";
        }
        if (window && (name.equals(Window.START_TIME) || name.equals(Window.END_TIME))) {
            return Instants.FROM_EPOCH_MILLIS;
        }
        ParameterType type = types.get(name);
        if (type == null) {
            throw new IllegalArgumentException(
                    "the SQL has :" + name + ", which is neither declared under 'parameters' nor part of a 'window'");
        }
        return "?::" + type.postgres();
    }
}
