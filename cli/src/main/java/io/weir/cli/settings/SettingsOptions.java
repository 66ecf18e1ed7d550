package io.weir.cli.settings;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * The limits and times of a settings record as options of a command: component {@code timeoutMillisMax} under the prefix
 * {@code query} is {@code --query-timeout-millis-max}, with the default instance's value as its default. Records in the record add their
 * component's name to the prefix.
 *
 * <p>A module declares its settings once, as a record that validates itself; the command line cannot lag behind. What an option means is a
 * line in {@code settings.properties}; a test holds both together.
 *
 * @param <R> the record
 */
public final class SettingsOptions<R extends Record> {
    private static final Set<Class<?>> SIMPLE =
            Set.of(long.class, int.class, double.class, boolean.class, String.class, Path.class);

    private final CommandSpec command;
    private final R defaults;
    private final Map<String, OptionSpec> optionsByComponent = new LinkedHashMap<>();
    private final Map<String, SettingsOptions<?>> nestedByComponent = new LinkedHashMap<>();

    private SettingsOptions(CommandSpec command, R defaults) {
        this.command = command;
        this.defaults = defaults;
    }

    /**
     * Adds the options of every simple component of a record, and of the records in it, to a command; components of other types keep their
     * defaults and are set by the command itself.
     *
     * @param prefix empty for none
     * @param except components, at any depth, that the command sets itself
     */
    public static <R extends Record> SettingsOptions<R> add(
            CommandSpec command, String prefix, R defaults, String... except) {
        SettingsOptions<R> options = new SettingsOptions<>(command, defaults);
        Properties descriptions = SettingsDescriptions.load();
        for (RecordComponent component : defaults.getClass().getRecordComponents()) {
            if (Arrays.asList(except).contains(component.getName())) {
                continue;
            }
            String name = (prefix.isEmpty() ? "" : prefix + "-") + kebab(component.getName());
            if (value(component, defaults) instanceof Record nested) {
                options.nestedByComponent.put(component.getName(), add(command, name, nested, except));
            } else if (SIMPLE.contains(component.getType())) {
                options.optionsByComponent.put(
                        component.getName(), option(name, component, value(component, defaults), descriptions));
            }
        }
        options.optionsByComponent.values().forEach(command::addOption);
        return options;
    }

    private static OptionSpec option(
            String name, RecordComponent component, Object defaultValue, Properties descriptions) {
        return OptionSpec.builder("--" + name)
                .type(component.getType())
                // A bare flag means true; picocli would take it as the opposite of the default.
                .fallbackValue(component.getType() == boolean.class ? "true" : "")
                .arity(component.getType() == boolean.class ? "0..1" : "1")
                .defaultValue(String.valueOf(defaultValue))
                .paramLabel("<" + component.getType().getSimpleName().toLowerCase(Locale.ROOT) + ">")
                .description(descriptions.getProperty(name, "") + " (default ${DEFAULT-VALUE}).")
                .build();
    }

    /**
     * The record with the options' values.
     *
     * @param overrides values of components of the outermost record that are no options
     * @throws ParameterException if a record refuses a value; its message says what it must be
     */
    public R build(Map<String, Object> overrides) {
        RecordComponent[] components = defaults.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            RecordComponent component = components[i];
            OptionSpec option = optionsByComponent.get(component.getName());
            SettingsOptions<?> nested = nestedByComponent.get(component.getName());
            if (overrides.containsKey(component.getName())) {
                values[i] = overrides.get(component.getName());
            } else if (nested != null) {
                values[i] = nested.build(Map.of());
            } else if (option != null && option.getValue() != null) {
                values[i] = option.getValue();
            } else {
                values[i] = value(component, defaults);
            }
        }
        return construct(components, values);
    }

    /** The record with the options' values. */
    public R build() {
        return build(Map.of());
    }

    private R construct(RecordComponent[] components, Object[] values) {
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            @SuppressWarnings("unchecked") // getClass() of an R is the class of R's record type.
            Class<R> type = (Class<R>) defaults.getClass();
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            Throwable refusal = Objects.requireNonNullElse(e.getCause(), e);
            throw new ParameterException(command.commandLine(), String.valueOf(refusal.getMessage()), refusal);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("settings record " + defaults.getClass() + " is not public", e);
        }
    }

    /** Long names of the options, without dashes. */
    public Set<String> names() {
        Set<String> names = new TreeSet<>();
        optionsByComponent
                .values()
                .forEach(option -> names.add(option.longestName().substring(2)));
        nestedByComponent.values().forEach(nested -> names.addAll(nested.names()));
        return names;
    }

    private static Object value(RecordComponent component, Record instance) {
        try {
            return component.getAccessor().invoke(instance);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("settings record " + instance.getClass() + " is not public", e);
        }
    }

    /** {@code timeoutMillisMax} as {@code timeout-millis-max}. */
    static String kebab(String camel) {
        return camel.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }
}
