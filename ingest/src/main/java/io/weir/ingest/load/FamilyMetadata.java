package io.weir.ingest.load;

import io.weir.ingest.openmetrics.MetricType;

/** Type, help and unit (both empty if unknown) of a metric family. */
public record FamilyMetadata(String family, MetricType type, String help, String unit) {}
