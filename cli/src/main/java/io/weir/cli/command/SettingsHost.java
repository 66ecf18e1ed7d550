package io.weir.cli.command;

import picocli.CommandLine.Model.CommandSpec;

/** A command that adds options for settings records before the command line is read. */
public interface SettingsHost {
    void addSettings(CommandSpec command);
}
