package io.weir.eventstats.stats.registry;

import java.sql.Types;
import java.util.Locale;

/** What a parameter of a named query holds. */
public enum ParameterType {
    STRING("text", Types.VARCHAR),
    INTEGER("bigint", Types.BIGINT),
    NUMBER("double precision", Types.DOUBLE),
    BOOLEAN("boolean", Types.BOOLEAN);

    private final String postgres;
    private final int jdbc;

    ParameterType(String postgres, int jdbc) {
        this.postgres = postgres;
        this.jdbc = jdbc;
    }

    /** PostgreSQL's name. */
    public String postgres() {
        return postgres;
    }

    /** Of {@link Types}. */
    public int jdbc() {
        return jdbc;
    }

    /** As files and answers write it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
