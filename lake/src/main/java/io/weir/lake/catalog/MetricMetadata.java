package io.weir.lake.catalog;

/**
 * @param type counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown
 */
public record MetricMetadata(String metric, String type, String help, String unit) {}
