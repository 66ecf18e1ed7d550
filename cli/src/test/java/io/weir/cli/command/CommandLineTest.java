package io.weir.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class CommandLineTest {
    private static final String DATABASE = "--db-url jdbc:postgresql://127.0.0.1:1/weir";

    private record Outcome(int exitCode, String err) {}

    private static Outcome run(String... arguments) {
        StringWriter err = new StringWriter();
        CommandLine commandLine =
                Main.commandLine().setErr(new PrintWriter(err, true)).setOut(new PrintWriter(new StringWriter(), true));
        return new Outcome(commandLine.execute(arguments), err.toString());
    }

    @Test
    void everyOptionAndParameterIsDescribed() {
        List<String> bare = new ArrayList<>();
        int options = 0;
        for (Map.Entry<String, CommandLine> command :
                Main.commandLine().getSubcommands().entrySet()) {
            for (OptionSpec option : command.getValue().getCommandSpec().options()) {
                options++;
                String text = String.join("", option.description()).strip();
                if (text.isEmpty() || text.startsWith("(default")) {
                    bare.add(command.getKey() + " " + option.longestName());
                }
            }
            command.getValue().getCommandSpec().positionalParameters().stream()
                    .filter(parameter -> parameter.description().length == 0)
                    .forEach(parameter -> bare.add(command.getKey() + " " + parameter.paramLabel()));
        }
        assertThat(options).isGreaterThan(100);
        assertThat(bare).isEmpty();
    }

    @Test
    void everyCommandIsDescribedAndHasHelp() {
        CommandLine weir = Main.commandLine();
        assertThat(weir.getSubcommands()).containsKeys("standalone", "api", "worker", "ingest", "query", "version");
        weir.getSubcommands().forEach((name, command) -> {
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(name)
                    .isNotEmpty();
            StringWriter out = new StringWriter();
            assertThat(Main.commandLine().setOut(new PrintWriter(out, true)).execute(name, "--help"))
                    .as(name)
                    .isZero();
            assertThat(out.toString()).contains("weir " + name).doesNotContain("${DEFAULT-VALUE}");
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "nonsense | nonsense",
                "query | EXPR",
                "query up --since soon | write it as 90s, 15m, 1h30m or 500ms",
                "query up --since 99999999999999999999s | too long a duration",
                "query up --time yesterday | write 2026-11-21T12:00:00Z, seconds since 1970, now, or now-15m",
                "query up --start now-1h --end never | 'never' is no time",
                "query up --start now --end now-1h | the range starts after it ends",
                "query up --start now-1h --since 1h | give one of them",
                "query up --since 1h --step 0s | --step must be positive",
                "query up --since 1h --json | --json is for instant queries",
                "query up --url localhost:8080 | --url must be like http://127.0.0.1:8080",
                "query up --tenant | --tenant",
                "stats | TOPIC",
                "stats topic --param window_days=7 | --param needs the name of a query",
                "stats topic query --param seven | NAME=VALUE",
                "stats topic --url ftp://x | --url must be like http://127.0.0.1:8080",
                "signal | ID",
                "signal abc | ID must be a UUID",
                "standalone --workers 0 | --workers must be at least 1",
                "standalone --enable-feature st-storage,nope | unknown feature \"nope\"; known are [",
                "ingest --db-url x --lake y --enable-feature nope | unknown feature \"nope\"; known are [",
                "standalone --http-port 70000 | http-port must be 0 to 65535, not 70000",
                "standalone --http-port eighty | 'eighty' is not an int",
                "standalone --query-samples-max 0 | query-samples-max must be positive, not 0",
                "standalone --query-length-max -1 | query-length-max must be positive, not -1",
                "standalone --worker-disk-total-bytes-max 5 | disk limits must be ordered",
                "api --workers static:127.0.0.1:8082 | --db-url",
                "worker | --lake",
                "worker --lake gs://bucket/x | --lake must be a folder, file:///folder or s3://bucket/prefix",
                "worker --lake s3:///x | --lake must be a folder, file:///folder or s3://bucket/prefix",
                "worker --lake /tmp/lake --no-such-option | --no-such-option"
            })
    void aWrongUseExitsWith2AndSaysWhatToWrite(String arguments, String message) {
        Outcome outcome = run(arguments.split(" "));
        assertThat(outcome.err()).contains(message);
        assertThat(outcome.exitCode()).isEqualTo(2);
    }

    @Test
    void workersOfAnApiAreExplained() {
        Outcome outcome = run(("api --workers 127.0.0.1:8082 " + DATABASE).split(" "));
        assertThat(outcome.err()).contains("write static:host:port,host:port or dns:name:port");
        assertThat(outcome.exitCode()).isEqualTo(2);
    }

    @Test
    void aFailureExitsWith1() {
        // Port 1 of the loopback interface: nothing listens there.
        Outcome outcome = run("query", "up", "--url", "http://127.0.0.1:1");
        assertThat(outcome.err())
                .isEqualTo("weir: cannot reach http://127.0.0.1:1; is Weir running there?" + " (--url names the server)"
                        + System.lineSeparator());
        assertThat(outcome.exitCode()).isEqualTo(1);
    }
}
