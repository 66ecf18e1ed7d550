package io.weir.promql.labels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RegularExpressionsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "((a{1000}){1000})",
                "(a{100}){11}",
                "(?:x{2}|(?i:b{501})){2}",
                "(a{10}b){10,101}",
                "a{1001}",
                "([)]a{500}){3}",
                "(\\)a{500}){3}",
                "(\\Q)\\Ea{500}){3}"
            })
    void nestedRepeatsAreBoundedAsInGo(String text) {
        assertThatThrownBy(() -> RegularExpressions.compile(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("invalid repeat count: `{");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a{1000}",
                "(a{100}){10}",
                "a{1000}b{1000}",
                "(a{500}|b{500}){2}",
                "[{]9999}",
                "\\Q{9999}\\E",
                "x{,5000}",
                "\\x{10FFFF}{1000}",
                "[^]]{1000}",
                "[[:alpha:]]{1000}",
                "(a*)*"
            })
    void othersCompile(String text) {
        assertThat(RegularExpressions.compile(text).pattern()).contains(text);
    }

    @Test
    void aLongExpressionIsRefused() {
        assertThatThrownBy(() -> RegularExpressions.compile("a".repeat(RegularExpressions.LENGTH_MAX + 1)))
                .hasMessageContaining("longer than the limit");
    }
}
