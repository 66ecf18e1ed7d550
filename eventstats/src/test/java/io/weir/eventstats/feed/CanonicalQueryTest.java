package io.weir.eventstats.feed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalQueryTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "up{b='2',a=\"1\"} | up{a=\"1\", b=\"2\"}",
                "sum by(b, a)(rate(up{z='1',y!~'2'}[5m])) | sum by (a,b) (rate(up{y!~\"2\",z=\"1\"}[300s]))",
                "max_over_time(up{b='1',a='2'}[10m:30s] offset 5m) | max_over_time(up{a='2',b='1'}[10m:30s] offset 5m)",
                "-(up{b='1',a='2'} / on(x) up) | -(up{a='2',b='1'} / on(x) up)",
                "quantile(0.9, up{b='1',a='2'}) | quantile(0.9, up{a='2',b='1'})"
            })
    void whatAsksForTheSameHasOneHash(String one, String other) {
        assertThat(CanonicalQuery.of("range", one)).isEqualTo(CanonicalQuery.of("range", other));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"up | down", "up{a='1'} | up{a='2'}", "rate(up[5m]) | rate(up[6m])", "a - b | b - a"})
    void whatAsksForOtherThingsHasAnother(String one, String other) {
        assertThat(CanonicalQuery.of("range", one).hash())
                .isNotEqualTo(CanonicalQuery.of("range", other).hash());
    }

    @Test
    void theHashIsThatOfTheText() {
        CanonicalQuery query = CanonicalQuery.of("instant", "up{b='2',a='1'}");
        assertThat(query.text()).isEqualTo("up{a=\"1\",b=\"2\"}");
        assertThat(query.hash()).matches("[0-9a-f]{64}");
        assertThat(query.metric()).isEqualTo("up");
    }

    @Test
    void theMetricIsTheFirstThatIsNamed() {
        assertThat(CanonicalQuery.of("range", "sum(rate({job='a'}[5m])) / sum(rate(errors[5m]))")
                        .metric())
                .isEqualTo("errors");
        assertThat(CanonicalQuery.of("range", "{__name__=\"x y\"}").metric()).isEqualTo("x y");
        assertThat(CanonicalQuery.of("range", "vector(1)").metric()).isEmpty();
    }

    @Test
    void whatDoesNotParseIsItself() {
        assertThat(CanonicalQuery.of("range", "sum(").text()).isEqualTo("sum(");
        assertThat(CanonicalQuery.of("labels", "up{b='2',a='1'}").text()).isEqualTo("up{b='2',a='1'}");
        assertThat(CanonicalQuery.of("range", "").hash())
                .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
