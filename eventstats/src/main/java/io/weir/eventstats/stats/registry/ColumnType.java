package io.weir.eventstats.stats.registry;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a column of a named query holds, and PostgreSQL's types (as its driver calls them) that give it. */
public enum ColumnType {
    STRING(List.of("text", "varchar", "bpchar", "name", "uuid")),
    INTEGER(List.of("int2", "int4", "int8", "serial", "bigserial")),
    NUMBER(List.of("numeric", "float4", "float8")),
    BOOLEAN(List.of("bool")),
    /** In answers text in ISO 8601, UTC. */
    TIMESTAMP(List.of("timestamptz")),
    JSON(List.of("json", "jsonb"));

    private final List<String> postgres;

    ColumnType(List<String> postgres) {
        this.postgres = postgres;
    }

    /** The type of a column of PostgreSQL's; empty if answers cannot hold it. */
    public static Optional<ColumnType> ofPostgres(String name) {
        return Arrays.stream(values())
                .filter(type -> type.postgres.contains(name))
                .findFirst();
    }

    /** As files and answers write it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
