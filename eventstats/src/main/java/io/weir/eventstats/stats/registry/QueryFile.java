package io.weir.eventstats.stats.registry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** Reads the YAML file of a named query; anything unknown, missing or of another type is refused with its name. */
final class QueryFile {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,62}");
    private static final int ROWS_MAX = 10_000;
    private static final int DAYS_MAX = 3_650;
    private static final int PARAMETERS_MAX = 50;
    private static final int CACHE_SECONDS_MAX = 86_400;
    private static final long STRING_LENGTH_MAX = 1_024;
    private static final int FILE_CHARACTERS_MAX = 256 << 10;
    private static final int NESTING_MAX = 20;

    private final String file;
    private final long timeoutMillisMax;

    private QueryFile(String file, long timeoutMillisMax) {
        this.file = file;
        this.timeoutMillisMax = timeoutMillisMax;
    }

    /**
     * Reads a file.
     *
     * @param timeoutMillisMax longest {@code timeout_millis} that it may have
     * @throws QueryFileException if it cannot be used
     */
    static StatsQuery parse(String file, String yaml, long timeoutMillisMax) {
        try {
            return new QueryFile(file, timeoutMillisMax).query(load(yaml));
        } catch (YAMLException | IllegalArgumentException e) {
            throw new QueryFileException(file, Objects.requireNonNullElse(e.getMessage(), "not YAML"), e);
        }
    }

    private static YamlMap load(String yaml) {
        if (yaml.length() > FILE_CHARACTERS_MAX) {
            throw new IllegalArgumentException("the file has more than " + FILE_CHARACTERS_MAX + " characters");
        }
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setMaxAliasesForCollections(0);
        options.setNestingDepthLimit(NESTING_MAX);
        Object content = new Yaml(new SafeConstructor(options)).load(yaml);
        return YamlMap.of("the file", content);
    }

    private StatsQuery query(YamlMap map) {
        String name = name(map.string("name"));
        Optional<Window> window = map.optionalMap("window").map(QueryFile::window);
        List<Parameter> parameters = new ArrayList<>();
        for (YamlMap parameter : map.maps("parameters")) {
            parameters.add(parameter(parameter));
        }
        Map<String, ParameterType> types = types(parameters, window);
        List<Column> columns = new ArrayList<>();
        for (YamlMap column : map.maps("columns")) {
            columns.add(column(column));
        }
        if (columns.isEmpty() || columns.stream().map(Column::name).distinct().count() != columns.size()) {
            throw new IllegalArgumentException("'columns' must name at least one column, and each once");
        }
        NamedSql sql = NamedSql.compile(map.string("sql"), types, window.isPresent());
        requireAllUsed(sql, parameters, window);
        StatsQuery query = new StatsQuery(
                file,
                name,
                map.string("topic"),
                map.string("description"),
                sql.text(),
                sql.parameters(),
                window,
                parameters,
                columns,
                (int) map.integer("max_rows", 1, ROWS_MAX),
                map.integer("timeout_millis", 1, timeoutMillisMax),
                1_000 * map.integer("cache_ttl_seconds", 0, CACHE_SECONDS_MAX, 0));
        map.requireNoOther();
        return query;
    }

    private static void requireAllUsed(NamedSql sql, List<Parameter> parameters, Optional<Window> window) {
        for (Parameter parameter : parameters) {
            if (!sql.parameters().contains(parameter.name())) {
                throw new IllegalArgumentException("parameter '" + parameter.name() + "' is not used in the SQL");
            }
        }
        boolean bounded = sql.parameters().contains(Window.START_MILLIS)
                || sql.parameters().contains(Window.START_TIME);
        if (window.isPresent() && !bounded) {
            throw new IllegalArgumentException("the query has a 'window', but its SQL uses neither :"
                    + Window.START_MILLIS + " nor :" + Window.START_TIME);
        }
    }

    private static Map<String, ParameterType> types(List<Parameter> parameters, Optional<Window> window) {
        Set<String> taken = new HashSet<>();
        if (window.isPresent()) {
            taken.addAll(List.of(Window.DAYS, Window.START, Window.END));
            taken.addAll(List.of(Window.START_MILLIS, Window.END_MILLIS, Window.START_TIME, Window.END_TIME));
            window.get().aliases().forEach(alias -> {
                if (!taken.add(alias)) {
                    throw new IllegalArgumentException("'" + alias + "' is declared twice");
                }
            });
        }
        Map<String, ParameterType> types = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            if (!taken.add(parameter.name())) {
                throw new IllegalArgumentException("'" + parameter.name() + "' is declared twice");
            }
            types.put(parameter.name(), parameter.type());
        }
        if (types.size() > PARAMETERS_MAX) {
            throw new IllegalArgumentException("more than " + PARAMETERS_MAX + " parameters");
        }
        return types;
    }

    private static Window window(YamlMap map) {
        int daysMax = (int) map.integer("days_max", 1, DAYS_MAX);
        int daysDefault = (int) map.integer("days_default", 1, daysMax);
        List<String> aliases =
                map.strings("aliases").stream().map(QueryFile::name).toList();
        map.requireNoOther();
        return new Window(daysDefault, daysMax, aliases);
    }

    private static Parameter parameter(YamlMap map) {
        String name = name(map.string("name"));
        ParameterType type = constant(map, ParameterType.values(), "type");
        boolean numeric = type == ParameterType.INTEGER || type == ParameterType.NUMBER;
        Long min = null;
        Long max = null;
        if (numeric) {
            min = map.optionalInteger("min");
            max = map.optionalInteger("max");
        } else if (type == ParameterType.STRING) {
            min = map.integer("min_length", 0, STRING_LENGTH_MAX, 0);
            max = map.integer("max_length", Math.max(1, min), STRING_LENGTH_MAX, 255);
        }
        if (min != null && max != null && min > max) {
            throw new IllegalArgumentException("parameter '" + name + "' has a min above its max");
        }
        List<String> allowed = type == ParameterType.STRING ? map.strings("enum") : List.of();
        Object given = map.optional("default");
        Parameter parameter = new Parameter(
                name,
                type,
                map.string("description"),
                map.bool("required", false),
                given == null ? null : ParameterValues.fromFile(name, type, given),
                min,
                max,
                allowed);
        map.requireNoOther();
        Object standard = parameter.defaultValue();
        if (standard != null) {
            if (parameter.required()) {
                throw new IllegalArgumentException("parameter '" + name + "' is required and has a default");
            }
            ParameterValues.refusal(parameter, standard).ifPresent(why -> {
                throw new IllegalArgumentException("the default of parameter '" + name + "' " + why);
            });
        }
        return parameter;
    }

    private static Column column(YamlMap map) {
        Column column = new Column(
                map.string("name"),
                constant(map, ColumnType.values(), "type"),
                Objects.toString(map.optional("description"), ""));
        map.requireNoOther();
        return column;
    }

    private static String name(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' is no name: 1 to 63 of a-z, 0-9 and _, beginning with a letter");
        }
        return name;
    }

    private static <T extends Enum<T>> T constant(YamlMap map, T[] values, String key) {
        String text = map.string(key);
        for (T value : values) {
            if (value.name().toLowerCase(Locale.ROOT).equals(text)) {
                return value;
            }
        }
        throw new IllegalArgumentException("'" + key + "' must be one of "
                + List.of(values).toString().toLowerCase(Locale.ROOT) + ", not '" + text + "'");
    }
}
