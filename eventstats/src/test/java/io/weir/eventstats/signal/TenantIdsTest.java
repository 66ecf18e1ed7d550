package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TenantIdsTest {
    /** Expected values by Python's uuid.uuid5. */
    @ParameterizedTest
    @CsvSource({"default, 90ecbe13-4eb4-5280-bb01-983cdc32e05a", "Zürich, 339961a0-823e-515d-ac03-af0df058fe64"})
    void namesBecomeVersion5(String tenant, UUID expected) {
        assertThat(TenantIds.of(tenant)).isEqualTo(expected);
        assertThat(TenantIds.of(tenant).version()).isEqualTo(5);
    }

    @Test
    void uuidsStayThemselves() {
        assertThat(TenantIds.of("1B4E28BA-2FA1-11D2-883F-0016D3CCA427"))
                .isEqualTo(UUID.fromString("1b4e28ba-2fa1-11d2-883f-0016d3cca427"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1-1-1-1-1",
                "1b4e28ba-2fa1-11d2-883f-0016d3cca427 ",
                "{1b4e28ba-2fa1-11d2-883f-0016d3cca427}",
                ""
            })
    void whatIsAlmostAUuidIsAName(String tenant) {
        assertThat(TenantIds.isUuid(tenant)).isFalse();
        assertThat(TenantIds.of(tenant).version()).isEqualTo(5);
    }
}
