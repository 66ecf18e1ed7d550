package io.weir.eventstats.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The language of patterns: what is accepted, how it matches, and what is refused with which advice. */
final class AccessPatternTest {
    private static boolean matches(String pattern, String value) {
        return AccessPattern.parse(pattern, 256).matches(value);
    }

    @Test
    void matchesTheWholeValue() {
        assertThat(matches("T2", "T2")).isTrue();
        assertThat(matches("T2", "T22")).isFalse();
        assertThat(matches("T2", "T2\n")).isFalse();
        assertThat(matches("T1|T2", "T1x")).isFalse();
        assertThat(matches("", "")).isTrue();
        assertThat(matches("", "x")).isFalse();
        assertThat(matches("t2", "T2")).isFalse();
    }

    @Test
    void anchorsAtTheEndsOfBranchesChangeNothing() {
        assertThat(matches("^T2$", "T2")).isTrue();
        assertThat(matches("^T1$|^T2$", "T2")).isTrue();
        assertThat(matches("^T1|T2$", "T1x")).isFalse();
        assertThat(AccessPattern.parse("^T2$", 9).postgres()).isEqualTo("^(?:T2)$");
        assertThat(AccessPattern.parse("^T2$", 9).text()).isEqualTo("^T2$");
    }

    @Test
    void readsTheWholeLanguage() {
        assertThat(matches("team-[a-z0-9_-]+", "team-a_0-b")).isTrue();
        assertThat(matches("a.c", "a\nc")).isTrue();
        assertThat(matches("(?:ab){2,3}", "abab")).isTrue();
        assertThat(matches("(ab|cd)*", "abcdab")).isTrue();
        assertThat(matches("a{2,}", "aaaa")).isTrue();
        assertThat(matches("a{0}b", "b")).isTrue();
        assertThat(matches("1\\.2", "1x2")).isFalse();
        assertThat(matches("[^a]", "\n")).isTrue();
        assertThat(matches("[\\]\\-\\\\^]+", "]-\\^")).isTrue();
        assertThat(matches("[-a]+", "-a")).isTrue();
        assertThat(matches("é😀.", "é😀😀")).isTrue();
    }

    @Test
    void refusesWhatTheDialectsReadDifferentlyAndSaysWhatToWrite() {
        Map<String, String> reasonByPattern = Map.ofEntries(
                Map.entry("\\d+", "[0-9] for \\d"),
                Map.entry("\\w", "[0-9] for \\d"),
                Map.entry("a\\", "escapes nothing"),
                Map.entry("[[:alpha:]]", "classes such as"),
                Map.entry("[]a]", "write \\]"),
                Map.entry("[a", "a bracket is not closed"),
                Map.entry("[z-a]", "a range must lie within"),
                Map.entry("[A-z]", "a range must lie within"),
                Map.entry("[ -~]", "a range must lie within"),
                Map.entry("[a-é]", "a range must lie within"),
                Map.entry("[a--b]", "a range must lie within"),
                Map.entry("[a-b-c]", "'-' must be"),
                Map.entry("(?i)a", "only (?: )"),
                Map.entry("(?=a)", "only (?: )"),
                Map.entry("(?P<n>a)", "only (?: )"),
                Map.entry("(a", "not closed"),
                Map.entry("a)", "closes no group"),
                Map.entry("a}", "closes nothing"),
                Map.entry("a]", "closes nothing"),
                Map.entry("a*?", "cannot follow another"),
                Map.entry("a++", "cannot follow another"),
                Map.entry("a{2}{3}", "cannot follow another"),
                Map.entry("*a", "nothing to repeat"),
                Map.entry("a|+", "nothing to repeat"),
                Map.entry("^*", "nothing to repeat"),
                Map.entry("(^a)", "may only stand at the start"),
                Map.entry("a^", "may only stand at the start"),
                Map.entry("a$b", "may only stand at the end"),
                Map.entry("(a$)", "may only stand at the end"),
                Map.entry("a{,3}", "must begin {m}"),
                Map.entry("a{", "must begin {m}"),
                Map.entry("a{1000}", "must begin {m}"),
                Map.entry("a{256}", "0 to 255"),
                Map.entry("a{3,2}", "0 to 255"),
                Map.entry("((a{20}){20}){20}", "written out"),
                Map.entry("(\\1)", "'\\' may only stand"),
                Map.entry("a\nb", "control characters"),
                Map.entry("a\u0000", "control characters"),
                Map.entry("\ud83d", "control characters"));
        reasonByPattern.forEach((pattern, reason) -> assertThatThrownBy(() -> AccessPattern.parse(pattern, 256))
                .as(pattern)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("at character ")
                .hasMessageContaining(reason));
    }

    @Test
    void boundsTheLength() {
        assertThat(AccessPattern.parse("a".repeat(256), 256).matches("a".repeat(256)))
                .isTrue();
        assertThatThrownBy(() -> AccessPattern.parse("a".repeat(257), 256))
                .hasMessageContaining("257")
                .hasMessageContaining("auth-access-pattern-characters-max");
    }

    @Test
    void aRowPassesIfEveryFieldMatchesAnyOfItsPatterns() {
        RowFilter filter = new RowFilter(new java.util.TreeMap<>(Map.of(
                "tenant_id", List.of(AccessPattern.parse("T1", 9), AccessPattern.parse("T2", 9)),
                "country", List.of(AccessPattern.parse("z.", 9)))));
        assertThat(filter.matches(Map.of("tenant_id", "T2", "country", "za"))).isTrue();
        assertThat(filter.matches(Map.of("tenant_id", "T3", "country", "za"))).isFalse();
        assertThat(filter.matches(Map.of("tenant_id", "T2", "country", "de"))).isFalse();
        assertThat(filter.matches(Map.of("tenant_id", "T2"))).isFalse();
        assertThat(RowFilter.ALL_ROWS.matches(Map.of())).isTrue();
        assertThat(filter.isAllRows()).isFalse();
    }
}
