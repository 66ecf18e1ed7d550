package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.queryworker.WorkerSettings;
import io.weir.queryworker.exec.DuckDbSettings;
import io.weir.queryworker.workmanager.CancelSettings;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** The settings of a worker's parts; slots, credits and DuckDB's connections are set together, because they depend on each other. */
final class WorkerOptions {
    private static final long DISK_BYTES_DEFAULT = 20L << 30;

    private final SettingsOptions<WorkerSettings> worker;
    private final SettingsOptions<DuckDbSettings> duckDb;
    private final SettingsOptions<CancelSettings> cancel;

    WorkerOptions(CommandSpec command) {
        WorkerSettings defaults = WorkerSettings.of(Path.of("worker"), 1, DISK_BYTES_DEFAULT);
        worker = SettingsOptions.add(
                command,
                "worker",
                defaults,
                "listenHost",
                "advertisedHost",
                "httpPort",
                "advertisedHttpPort",
                "grpcPort",
                "dataFolder",
                "executionSlots",
                "creditsTotal",
                "cancel",
                "duckDb");
        cancel = SettingsOptions.add(command, "worker-cancel", defaults.cancel());
        duckDb = SettingsOptions.add(command, "worker-duckdb", defaults.duckDb(), "connectionsMax", "temporaryFolder");
    }

    /** Settings of a worker with its folder, on free ports of the loopback interface. */
    WorkerSettings build(Path dataDirectory, int slots, int creditsPerSlot) {
        CancelSettings cancellation = cancel.build();
        DuckDbSettings connections = duckDb.build(Map.of(
                "connectionsMax",
                slots + cancellation.abandonedMax(),
                "temporaryFolder",
                dataDirectory.resolve("duckdb")));
        return worker.build(Map.of(
                "dataFolder",
                dataDirectory,
                "executionSlots",
                slots,
                "creditsTotal",
                slots * creditsPerSlot,
                "cancel",
                cancellation,
                "duckDb",
                connections));
    }
}
