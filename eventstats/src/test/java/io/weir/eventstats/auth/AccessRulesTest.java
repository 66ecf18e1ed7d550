package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Access lists: who may read what, row 13 of the checklist, and which lists are refused. */
final class AccessRulesTest {
    private static final String RUNS = "public.cps.za.runs";
    private static final Map<String, Set<String>> FIELDS =
            Map.of(RUNS, Set.of("tenant_id", "country"), "promql.query.runs", Set.of("tenant_id"));

    private static AccessRules parse(String json) throws IOException {
        return AccessRules.parse(json.getBytes(StandardCharsets.UTF_8), FIELDS, 64);
    }

    private static TopicAccess access(String json, String user) throws IOException {
        return parse(json).access(new Caller(user, null), RUNS);
    }

    @Test
    void readsUsersWithAndWithoutFields() throws IOException {
        assertThat(access("{\"" + RUNS + "\":[\"A\"]}", "a")).isEqualTo(new TopicAccess.Granted(RowFilter.ALL_ROWS));
        String filtered = "{\"" + RUNS + "\":{\"A\":{},\"B\":{\"tenant_id\":[\"T2\",\"T3.*\"],\"country\":[\"za\"]}}}";
        assertThat(access(filtered, "A")).isEqualTo(new TopicAccess.Granted(RowFilter.ALL_ROWS));
        assertThat(access(filtered, "b"))
                .isInstanceOfSatisfying(
                        TopicAccess.Granted.class,
                        granted -> assertThat(granted.rows().postgresPatternsByField())
                                .isEqualTo(Map.of(
                                        "country",
                                        List.of("^(?:za)$"),
                                        "tenant_id",
                                        List.of("^(?:T2)$", "^(?:T3.*)$"))));
    }

    @Test
    void whoIsNotListedIsRefused() throws IOException {
        String list = "{\"" + RUNS + "\":[\"A\"],\"promql.query.runs\":[\"C\"]}";
        assertThat(access(list, "C"))
                .isEqualTo(new TopicAccess.Refused("User 'C' is not authorized for topic '" + RUNS + "'."));
        assertThat(access("{}", "A")).isInstanceOf(TopicAccess.Refused.class);
        assertThat(AccessRules.NOBODY.access(new Caller("A", null), RUNS)).isInstanceOf(TopicAccess.Refused.class);
    }

    @Test
    void usersAreComparedWithoutRegardToCaseButNotMore() throws IOException {
        String list = "{\"" + RUNS.toUpperCase(java.util.Locale.ROOT) + "\":[\"Admin\",\"MÜLLER\"]}";
        assertThat(access(list, "aDMIN")).isInstanceOf(TopicAccess.Granted.class);
        assertThat(access(list, "müller")).isInstanceOf(TopicAccess.Granted.class);
        assertThat(access(list, "adm\u0131n")).isInstanceOf(TopicAccess.Refused.class);
        assertThat(access(list, "admin ")).isInstanceOf(TopicAccess.Refused.class);
    }

    @Test
    void aTopicThatIsNotServedIsARemark() throws IOException {
        AccessRules rules = parse("{\"public.cps.za.other\":{\"A\":{\"anything\":[\"x\"]}}}");
        assertThat(rules.remarks()).containsExactly("topic 'public.cps.za.other' is not served here");
    }

    @Test
    void refusesWhatIsNotRightAndNamesTopicUserAndField() {
        Map<String, List<String>> reasonsByList = Map.ofEntries(
                Map.entry("", List.of("JSON object")),
                Map.entry("[]", List.of("JSON object")),
                Map.entry("{", List.of("not valid JSON", "line 1")),
                Map.entry("{} {}", List.of("not valid JSON")),
                Map.entry("{\"RUNS\":[],\"RUNS\":[]}", List.of("not valid JSON", "Duplicate")),
                Map.entry("{\"RUNS\":[],\"Runs\":[]}", List.of("'Public.cps.za.runs'", "twice")),
                Map.entry("{\"RUNS\":7}", List.of("'public.cps.za.runs'", "number")),
                Map.entry("{\"RUNS\":[7]}", List.of("'public.cps.za.runs'", "number")),
                Map.entry("{\"RUNS\":[\"a\",\"A\"]}", List.of("'public.cps.za.runs'", "'A'", "twice")),
                Map.entry("{\"RUNS\":{\"a\":{},\"A\":{}}}", List.of("'public.cps.za.runs'", "'A'", "twice")),
                Map.entry("{\"RUNS\":[\" \"]}", List.of("'public.cps.za.runs'", "blank")),
                Map.entry("{\"RUNS\":{\"B\":[]}}", List.of("'public.cps.za.runs'", "'B'", "object of fields")),
                Map.entry(
                        "{\"RUNS\":{\"B\":{\"tenant\":[\"x\"]}}}",
                        List.of("'public.cps.za.runs'", "'B'", "'tenant'", "[country, tenant_id]")),
                Map.entry("{\"RUNS\":{\"B\":{\"country\":[]}}}", List.of("'B'", "'country'", "at least one")),
                Map.entry("{\"RUNS\":{\"B\":{\"country\":\"x\"}}}", List.of("'B'", "'country'", "array")),
                Map.entry("{\"RUNS\":{\"B\":{\"country\":[null]}}}", List.of("'B'", "'country'", "null")),
                Map.entry(
                        "{\"RUNS\":{\"B\":{\"country\":[\"(\"]}}}",
                        List.of("'B'", "'country'", "'('", "at character 2")),
                Map.entry("{\"RUNS\":{\"B\":{\"country\":[\"\\\\d\"]}}}", List.of("'B'", "'country'", "[0-9]")),
                Map.entry(
                        "{\"RUNS\":{\"B\":{\"country\":[\"" + "a".repeat(65) + "\"]}}}",
                        List.of("'B'", "'country'", "auth-access-pattern-characters-max")));
        reasonsByList.forEach((list, reasons) -> {
            String json = list.replace("RUNS", RUNS).replace("Runs", "Public.cps.za.runs");
            assertThatThrownBy(() -> parse(json))
                    .as(json)
                    .isInstanceOf(IOException.class)
                    .message()
                    .contains(reasons);
        });
    }
}
