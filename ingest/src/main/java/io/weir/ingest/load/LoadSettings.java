package io.weir.ingest.load;

import io.weir.ingest.openmetrics.TextFormat;
import io.weir.ingest.openmetrics.TextFormatSettings;

/**
 * Settings of one load.
 *
 * @param format of the input
 * @param lanes requests in flight at most; a series always takes the same lane, so that its samples arrive in order
 * @param samplesPerRequestMax a lane sends when it holds this many samples
 * @param bytesPerRequestMax or when its request reaches this size before compression; one series may exceed it by its labels
 * @param metadataPerRequestMax families' types, helps and units per request
 * @param progressSamples the listener hears at least after this many samples
 */
public record LoadSettings(
        TextFormat format,
        TextFormatSettings parser,
        int lanes,
        int samplesPerRequestMax,
        long bytesPerRequestMax,
        int metadataPerRequestMax,
        long progressSamples) {
    public static final LoadSettings DEFAULTS = new LoadSettings(
            TextFormat.OPENMETRICS, TextFormatSettings.DEFAULTS, 4, 20_000, 4L * 1024 * 1024, 500, 50_000);

    public LoadSettings {
        LoadRanges.require("lanes", lanes, 1, 1_024);
        LoadRanges.require("samples per request", samplesPerRequestMax, 1, 10_000_000);
        LoadRanges.require("request size (bytes)", bytesPerRequestMax, 128, 1L << 30);
        LoadRanges.require("metadata per request", metadataPerRequestMax, 1, 100_000);
        LoadRanges.require("samples between progress", progressSamples, 1, Long.MAX_VALUE);
    }

    /** These settings with another format. */
    public LoadSettings withFormat(TextFormat other) {
        return new LoadSettings(
                other, parser, lanes, samplesPerRequestMax, bytesPerRequestMax, metadataPerRequestMax, progressSamples);
    }
}
