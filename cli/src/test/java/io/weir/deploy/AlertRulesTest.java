package io.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The alert rules are right, tested one by one, and each has a line in the operations guide. */
final class AlertRulesTest {
    private static final Path FOLDER = TestingTool.DEPLOY.resolve("prometheus");

    private static Map<String, JsonNode> alerts() throws IOException {
        Map<String, JsonNode> alerts = new TreeMap<>();
        for (JsonNode group : TestingManifests.YAML
                .readTree(FOLDER.resolve("weir-rules.yaml").toFile())
                .path("groups")) {
            for (JsonNode rule : group.path("rules")) {
                if (rule.has("alert")) {
                    assertThat(alerts.put(rule.path("alert").asText(), rule)).isNull();
                }
            }
        }
        assertThat(alerts).hasSizeGreaterThan(25);
        return alerts;
    }

    @Test
    @Tag("slow")
    void promtoolAcceptsTheRulesAndTheirTestsPass() throws Exception {
        assertThat(TestingTool.run(FOLDER, "promtool", "check", "rules", "weir-rules.yaml"))
                .contains("rules found");
        assertThat(TestingTool.run(FOLDER, "promtool", "test", "rules", "weir-rules-test.yaml"))
                .contains("SUCCESS");
    }

    @Test
    void everyAlertHasACaseInWhichItFiresAndOneInWhichNot() throws IOException {
        TreeSet<String> firing = new TreeSet<>();
        TreeSet<String> quiet = new TreeSet<>();
        for (JsonNode test : TestingManifests.YAML
                .readTree(FOLDER.resolve("weir-rules-test.yaml").toFile())
                .path("tests")) {
            for (JsonNode alert : test.path("alert_rule_test")) {
                assertThat(test.path("input_series")).isNotEmpty();
                (alert.path("exp_alerts").isEmpty() ? quiet : firing)
                        .add(alert.path("alertname").asText());
            }
        }
        assertThat(firing).isEqualTo(alerts().keySet());
        assertThat(quiet).isEqualTo(alerts().keySet());
    }

    @Test
    void everyAlertHasASeverityASummaryAndALineInTheOperationsGuide() throws IOException {
        String guide = Files.readString(TestingTool.ROOT.resolve("docs/operations.md"));
        for (Map.Entry<String, JsonNode> alert : alerts().entrySet()) {
            assertThat(alert.getValue().at("/labels/severity").asText())
                    .as(alert.getKey())
                    .isIn("critical", "warning");
            assertThat(alert.getValue().at("/annotations/summary").asText())
                    .as(alert.getKey())
                    .isNotEmpty();
            assertThat(guide).contains("| `" + alert.getKey() + "` |");
        }
    }
}
