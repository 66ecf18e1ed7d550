package io.weir.eventstats.stats.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Where SQL has parameters, and where it only looks so; and what no query may say. */
final class SqlLexerTest {
    private static final Map<String, ParameterType> TYPES = Map.of(
            "a",
            ParameterType.STRING,
            "b",
            ParameterType.INTEGER,
            "c",
            ParameterType.NUMBER,
            "d",
            ParameterType.BOOLEAN);

    private static NamedSql compile(String sql) {
        return NamedSql.compile(sql, TYPES, true);
    }

    private static List<String> parameters(String sql) {
        return SqlLexer.tokens(sql).stream()
                .filter(token -> token.kind() == SqlToken.Kind.PARAMETER)
                .map(SqlToken::text)
                .toList();
    }

    @Test
    void findsParametersOnlyWhereTheyAre() {
        assertThat(parameters("SELECT :a, x::text, ':b', \":c\", 1 -- :d\n + :e"))
                .containsExactly("a", "e");
        assertThat(parameters("/* :a /* :b */ :c */ :d")).containsExactly("d");
        assertThat(parameters("E'it\\'s :a' || 'it''s :b' || e'\\\\' || :c")).containsExactly("c");
        assertThat(parameters("$$ :a $$ || $tag$ $$ :b $tag$ || :c")).containsExactly("c");
        assertThat(parameters(":a::int+:b::text")).containsExactly("a", "b");
        assertThat(parameters("x[1: 2], a := 1, :1")).isEmpty();
        assertThat(parameters("tabelle$1:a")).containsExactly("a");
        assertThat(parameters("'a' :b 'c'':d' :e")).containsExactly("b", "e");
        assertThat(parameters("-- only :a")).isEmpty();
        assertThat(parameters("ünï :ünï")).containsExactly("ünï");
    }

    @Test
    void losesNothing() {
        String sql = "SELECT \"x\"\"y\", 'a''b', E'\\'', $q$;$q$, $1, 1.5e3, a::b, /* c */ -- d\n e ? f, t[1:2]";
        assertThat(SqlLexer.tokens(sql).stream().map(SqlToken::text).collect(Collectors.joining()))
                .isEqualTo(sql);
    }

    @Test
    void refusesWhatHasNoEnd() {
        for (String sql : List.of("'a", "\"a", "/* a", "/* /* */", "$$ a $", "$t$ a $$", "E'a\\'")) {
            assertThatThrownBy(() -> SqlLexer.tokens(sql))
                    .as(sql)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("has no end");
        }
    }

    @Test
    void compilesToPositions() {
        NamedSql sql = compile("SELECT :b, :a, :c, :d, :a FROM topic_rows WHERE x ? 'k' AND '?' = ':a' -- ?\n"
                + "AND t BETWEEN :window_start AND :window_end");
        assertThat(sql.text())
                .isEqualTo("SELECT ?::bigint, ?::text, ?::double precision, ?::boolean, ?::text FROM topic_rows"
                        + " WHERE x ?? 'k' AND '?' = ':a'   AND t BETWEEN ?::bigint AND ?::bigint");
        assertThat(sql.parameters()).containsExactly("b", "a", "c", "d", "a", "window_start", "window_end");
    }

    @Test
    void refusesWhatIsNoSelectOfTheTopic() {
        Map<String, String> refused = Map.ofEntries(
                Map.entry("DELETE FROM topic_rows", "begin with SELECT or WITH"),
                Map.entry("SELECT 1 FROM topic_rows; DROP TABLE x", "one statement"),
                Map.entry("SELECT 1", "from topic_rows"),
                Map.entry("SELECT 'topic_rows'", "from topic_rows"),
                Map.entry("SELECT 1 -- topic_rows", "from topic_rows"),
                Map.entry("SELECT $1 FROM topic_rows", "$1 is no parameter"),
                Map.entry("SELECT :nobody FROM topic_rows", ":nobody"),
                Map.entry("SELECT * FROM topic_rows, pg_class", "pg_class"),
                Map.entry("SELECT * FROM topic_rows, \"pg_class\"", "pg_class"),
                Map.entry("SELECT * FROM topic_rows, PG_CATALOG.x", "pg_catalog"),
                Map.entry("SELECT pg_read_file('/etc/passwd') FROM topic_rows", "pg_read_file"),
                Map.entry("SELECT * FROM topic_rows, information_schema.tables", "information_schema"),
                Map.entry("SELECT query_to_xml('SELECT 1', true, true, '') FROM topic_rows", "query_to_xml"),
                Map.entry("SELECT set_config('role', 'none', false) FROM topic_rows", "set_config"),
                Map.entry("SELECT dblink('x') FROM topic_rows", "dblink"),
                Map.entry("SELECT * FROM topic_rows, U&\"\\0070g_class\"", "U&"));
        refused.forEach((sql, why) -> assertThatThrownBy(() -> compile(sql))
                .as(sql)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why));
        assertThatThrownBy(() -> NamedSql.compile("SELECT :window_start FROM topic_rows", TYPES, false))
                .hasMessageContaining("window_start");
    }
}
