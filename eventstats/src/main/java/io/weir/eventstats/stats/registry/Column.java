package io.weir.eventstats.stats.registry;

/** A column of a named query's answer. */
public record Column(String name, ColumnType type, String description) {}
