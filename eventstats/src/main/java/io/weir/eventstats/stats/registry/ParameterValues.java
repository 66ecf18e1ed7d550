package io.weir.eventstats.stats.registry;

import java.util.Optional;

/** What values a parameter takes. */
public final class ParameterValues {
    private ParameterValues() {}

    /** A value of a file as the parameter's type holds it. */
    static Object fromFile(String name, ParameterType type, Object value) {
        Optional<Object> typed = switch (type) {
            case STRING -> value instanceof String ? Optional.of(value) : Optional.empty();
            case BOOLEAN -> value instanceof Boolean ? Optional.of(value) : Optional.empty();
            case INTEGER ->
                value instanceof Integer || value instanceof Long
                        ? Optional.of(((Number) value).longValue())
                        : Optional.empty();
            case NUMBER -> value instanceof Number number ? Optional.of(number.doubleValue()) : Optional.empty();
        };
        return typed.orElseThrow(() ->
                new IllegalArgumentException("the default of parameter '" + name + "' must be of type " + type.text()));
    }

    /** Why a value of the right type is refused, to follow the parameter's name: "must be ...". */
    public static Optional<String> refusal(Parameter parameter, Object value) {
        if (!parameter.allowed().isEmpty() && !parameter.allowed().contains(value)) {
            return Optional.of("must be one of " + String.join(", ", parameter.allowed()) + ".");
        }
        return switch (value) {
            case String text -> ofText(parameter, text);
            case Long number -> ofNumber(parameter, number.doubleValue());
            case Double number -> ofNumber(parameter, number);
            default -> Optional.empty();
        };
    }

    private static Optional<String> ofNumber(Parameter parameter, double value) {
        Long min = parameter.min();
        Long max = parameter.max();
        if ((min != null && value < min) || (max != null && value > max)) {
            String range =
                    min == null ? "at most " + max : max == null ? "at least " + min : "between " + min + " and " + max;
            return Optional.of("must be " + range + ".");
        }
        return Optional.empty();
    }

    private static Optional<String> ofText(Parameter parameter, String value) {
        if (value.indexOf('\0') >= 0) {
            return Optional.of("must not contain the character U+0000.");
        }
        for (int i = 0; i < value.length(); i++) {
            if (Character.isSurrogate(value.charAt(i))) {
                if (!Character.isSurrogatePair(value.charAt(i), i + 1 < value.length() ? value.charAt(i + 1) : '\0')) {
                    return Optional.of("must be Unicode: it has half of a surrogate pair.");
                }
                i++;
            }
        }
        long length = value.codePointCount(0, value.length());
        Long min = parameter.min();
        Long max = parameter.max();
        if ((min != null && length < min) || (max != null && length > max)) {
            return Optional.of("must have " + (min == null ? 0 : min) + " to " + max + " characters.");
        }
        return Optional.empty();
    }
}
