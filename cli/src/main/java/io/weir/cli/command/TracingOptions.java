package io.weir.cli.command;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.cli.process.SpanExport;
import io.weir.cli.process.TracingSettings;
import io.weir.cli.settings.SettingsOptions;
import picocli.CommandLine.Model.CommandSpec;

/** The settings of tracing. */
final class TracingOptions {
    private final SettingsOptions<TracingSettings> tracing;

    TracingOptions(CommandSpec command) {
        tracing = SettingsOptions.add(command, "tracing", TracingSettings.DEFAULT);
    }

    SpanExport start(String service, MeterRegistry registry) {
        return SpanExport.start(tracing.build(), service, System.getenv(), registry);
    }
}
