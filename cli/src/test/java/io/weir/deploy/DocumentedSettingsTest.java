package io.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cli.Main;
import io.weir.cli.command.EnvironmentDefaults;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Flags, variables and files that documents and {@code deploy/} name are there. */
final class DocumentedSettingsTest {
    private static final Pattern FLAG = Pattern.compile("(?<![\\w-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?![\\w-])");
    private static final Pattern VARIABLE = Pattern.compile("\\bWEIR_[A-Z0-9_]+\\b");

    /** Flags of java, apt-get, docker and kubectl that commands in documents use. */
    private static final Set<String> OF_OTHERS =
            Set.of("sun-misc-unsafe-memory-access", "enable-native-access", "no-install-recommends", "mount", "from");

    /** Variables of the launcher and of the image's build. */
    private static final Set<String> OF_THE_LAUNCHER = Set.of(
            "WEIR_HEAP",
            "WEIR_JAVA_OPTS",
            "WEIR_LOG_LEVEL",
            "WEIR_LOG_FORMAT",
            "WEIR_DEBUG",
            "WEIR_JAVA_HOME",
            "WEIR_JDK_FOLDERS",
            "WEIR_SKIP_BUILD",
            "WEIR_UID");

    private static Set<String> flags() {
        Set<String> flags = new TreeSet<>();
        collectFlags(Main.commandLine(), flags);
        assertThat(flags).hasSizeGreaterThan(100);
        return flags;
    }

    private static void collectFlags(CommandLine command, Set<String> flags) {
        for (CommandLine subcommand : command.getSubcommands().values()) {
            subcommand
                    .getCommandSpec()
                    .options()
                    .forEach(option -> flags.add(option.longestName().replaceFirst("^-+", "")));
            collectFlags(subcommand, flags);
        }
    }

    /** What people read and what they apply, by path. */
    private static Map<Path, String> texts() throws IOException {
        Map<Path, String> texts = new TreeMap<>();
        List<Path> files = new ArrayList<>();
        for (String name : List.of("README.md", "Dockerfile", "docs", "deploy")) {
            try (Stream<Path> walk = Files.walk(TestingTool.ROOT.resolve(name))) {
                // Decision records and the page for contributors tell of benchmarks and the simulator, which have flags
                // of their own.
                walk.filter(Files::isRegularFile)
                        .filter(file -> !file.toString().matches(".*/docs/(decisions/.*|contributing\\.md)"))
                        .forEach(files::add);
            }
        }
        for (Path file : files) {
            texts.put(TestingTool.ROOT.relativize(file), Files.readString(file, StandardCharsets.UTF_8));
        }
        assertThat(texts).hasSizeGreaterThan(30);
        return texts;
    }

    @Test
    void everyFlagIsAnOption() throws IOException {
        Set<String> known = flags();
        known.addAll(OF_OTHERS);
        int found = 0;
        Set<String> missing = new TreeSet<>();
        for (Map.Entry<Path, String> text : texts().entrySet()) {
            if (text.getKey().endsWith("settings.md")) {
                continue;
            }
            Matcher matcher = FLAG.matcher(text.getValue());
            while (matcher.find()) {
                found++;
                if (!known.contains(matcher.group(1))) {
                    missing.add(text.getKey() + ": --" + matcher.group(1));
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(50);
    }

    @Test
    void everyVariableIsOneOfAnOption() throws IOException {
        Set<String> known = new TreeSet<>(OF_THE_LAUNCHER);
        flags().forEach(flag -> known.add(EnvironmentDefaults.variableOf(flag)));
        // Told as what service links would make.
        known.add("WEIR_API_PORT");
        int found = 0;
        Set<String> missing = new TreeSet<>();
        for (Map.Entry<Path, String> text : texts().entrySet()) {
            Matcher matcher = VARIABLE.matcher(text.getValue());
            while (matcher.find()) {
                found++;
                if (!known.contains(matcher.group())) {
                    missing.add(text.getKey() + ": " + matcher.group());
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(50);
    }

    @Test
    void theImageIsMadeOfFilesThatAreThereAndRunsAsThePodsDo() throws IOException {
        String dockerfile = Files.readString(TestingTool.ROOT.resolve("Dockerfile"));
        assertThat(dockerfile.lines().filter(line -> line.startsWith("FROM ")))
                .as("glibc, and the release that is compiled for")
                .containsExactly("FROM eclipse-temurin:25-jdk AS build", "FROM eclipse-temurin:25-jdk");
        assertThat(Files.readString(TestingTool.ROOT.resolve("pom.xml"))).contains("<java.release>25</java.release>");
        assertThat(dockerfile).contains("ARG WEIR_UID=10001", "USER ${WEIR_UID}:${WEIR_UID}");
        Matcher copies = Pattern.compile("COPY --from=build /src/(\\S+) (\\S+)").matcher(dockerfile);
        int copied = 0;
        while (copies.find()) {
            copied++;
            if (!copies.group(1).startsWith("cli/target/")) {
                assertThat(TestingTool.ROOT.resolve(copies.group(1))).isExecutable();
            }
            // The launcher finds its parts beside it, as in the checkout.
            assertThat(copies.group(2)).isEqualTo("/opt/weir/" + copies.group(1));
        }
        assertThat(copied).isEqualTo(3);
        assertThat(Files.readString(TestingTool.ROOT.resolve("weir"))).contains("$home/cli/target/weir/lib/*");
        List<String> ignored = Files.readAllLines(TestingTool.ROOT.resolve(".dockerignore"));
        assertThat(ignored).contains("*", "!pom.xml", "!weir", "!dev/find-jdk", "!*/pom.xml", "!*/src/main");
    }

    @Test
    void theDashboardIsOneThatGrafanaLoads() throws IOException {
        JsonNode dashboard = TestingManifests.YAML.readTree(
                TestingTool.DEPLOY.resolve("grafana/dashboards/weir.json").toFile());
        assertThat(dashboard.path("uid").asText()).isEqualTo("weir");
        Set<Integer> ids = new TreeSet<>();
        for (JsonNode panel : dashboard.path("panels")) {
            assertThat(ids.add(panel.path("id").asInt())).isTrue();
            assertThat(panel.path("title").asText()).isNotEmpty();
            assertThat(panel.at("/gridPos/x").asInt() + panel.at("/gridPos/w").asInt())
                    .isLessThanOrEqualTo(24);
            if (!panel.path("type").asText().equals("row")) {
                assertThat(panel.path("targets")).isNotEmpty();
            }
        }
        assertThat(ids).hasSizeGreaterThan(40);
        JsonNode sources = TestingManifests.YAML.readTree(TestingTool.DEPLOY
                .resolve("grafana/provisioning/datasources/weir.yaml")
                .toFile());
        assertThat(sources.path("datasources"))
                .hasSize(2)
                .allMatch(source -> source.path("type").asText().equals("prometheus"));
    }
}
