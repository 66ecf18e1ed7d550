package io.weir.precompute.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.precompute.source.grpc.SketchServiceSettings;
import io.weir.precompute.source.prometheus.PrometheusSettings;
import io.weir.precompute.sources.SourcesSettings;
import io.weir.promql.error.QueryException;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;

class SourceAddressesTest {
    private final SourceAddresses addresses = new SourceAddresses(SourcesSettings.DEFAULT.allowedHosts());

    @Test
    void eachFormIsRead() {
        assertThat(addresses.parse("lake://")).isEqualTo(new SourceAddress.Lake("lake://"));
        assertThat(addresses.parse("backend-collector:4317"))
                .isEqualTo(new SourceAddress.Sketches("backend-collector:4317", "backend-collector", 4317));
        assertThat(addresses.parse("GRPC://[::1]:70"))
                .isEqualTo(new SourceAddress.Sketches("GRPC://[::1]:70", "[::1]", 70));
        assertThat(addresses.parse("http://prometheus:9090/prefix"))
                .isEqualTo(new SourceAddress.Prometheus(
                        "http://prometheus:9090/prefix", URI.create("http://prometheus:9090/prefix")));
        assertThat(addresses.parse("127.0.0.1:1")).isInstanceOf(SourceAddress.Sketches.class);
    }

    @Test
    void whatIsNoSourceIsRefusedWithTheFieldsName() {
        for (String text : List.of(
                "",
                "file:///etc/passwd",
                "gopher://127.0.0.1:1",
                "backend-collector",
                "backend-collector:",
                ":4317",
                "a b:4317",
                "a\u0000:4317",
                "::1:4317",
                "127.0.0.1:0",
                "127.0.0.1:70000",
                "http://user:secret@127.0.0.1:9090",
                "http://127.0.0.1:9090/?x=1",
                "http://127.0.0.1:9090/#x",
                "http://",
                "lake://bucket/key",
                "x".repeat(2000) + ":4317")) {
            assertThatThrownBy(() -> addresses.parse(text))
                    .as(text)
                    .isInstanceOf(QueryException.BadData.class)
                    .hasMessageContaining("\"source\"");
        }
    }

    @Test
    void whatTheListDoesNotNameIsRefused() {
        for (String text :
                List.of("backend-collector:22", "http://prometheus", "10.0.0.1:8080", "https://example.com")) {
            assertThatThrownBy(() -> addresses.parse(text))
                    .as(text)
                    .isInstanceOf(QueryException.BadData.class)
                    .hasMessageContaining("precompute-sources-allowed");
        }
    }

    @Test
    void linkLocalAddressesAreRefusedInEverySpellingWhateverTheListSays() {
        SourceAddresses all = new SourceAddresses(AllowedHosts.parse("*,0.0.0.0/0,[::]/0"));
        for (String host : List.of(
                "169.254.169.254",
                "0.0.0.0",
                "224.0.0.1",
                "255.255.255.255",
                "100.100.100.200",
                "[fe80::1]",
                "[fe80::1%eth0]",
                "[::]",
                "[ff02::1]",
                "[fd00:ec2::254]",
                "[::ffff:169.254.169.254]",
                "[64:ff9b::a9fe:a9fe]",
                "[2002:a9fe:a9fe::1]",
                "168.63.129.16",
                "192.0.0.192",
                "[fd20:ce::254]",
                "[::ffff:168.63.129.16]",
                "[64:ff9b::a83f:8110]",
                "[::ffff:0:a9fe:a9fe]",
                "[::ffff:0:c000:c0]",
                "[64:ff9b:1::a9fe:a9fe]",
                "[64:ff9b:1:a9fe:a9:fe00::]",
                "[64:ff9b:1:a9:fe:a9fe::]",
                "[64:ff9b:1:0:a9:fea9:fe00:0]",
                "[64:ff9b:1:a83f:81:1000::]",
                "2852039166",
                "0xa9fea9fe",
                "0xa9fe.0xa9fe",
                "169.254.43518",
                "0251.0376.0251.0376")) {
            assertThatThrownBy(() -> all.parse(host + ":4317")).as(host).isInstanceOf(QueryException.BadData.class);
            assertThatThrownBy(() -> all.parse("http://" + host + ":80/"))
                    .as(host)
                    .isInstanceOf(QueryException.BadData.class);
        }
        assertThat(all.parse("10.1.2.3:80")).isInstanceOf(SourceAddress.Sketches.class);
        assertThat(all.parse("[2001:db8::1]:80")).isInstanceOf(SourceAddress.Sketches.class);
        assertThat(all.parse("[64:ff9b::a01:203]:80")).isInstanceOf(SourceAddress.Sketches.class);
        assertThat(all.parse("[64:ff9b:1::a01:203]:80")).isInstanceOf(SourceAddress.Sketches.class);
        assertThat(all.parse("[64:ff9b:1:a01:2:300::]:80")).isInstanceOf(SourceAddress.Sketches.class);
        assertThat(all.parse("[::ffff:0:a01:203]:80")).isInstanceOf(SourceAddress.Sketches.class);
    }

    @Test
    void entriesAllowNamesSuffixesNetworksAndPorts() {
        AllowedHosts hosts =
                AllowedHosts.parse("collector:4317-4320, *.example.com:443 ,10.0.0.0/8:9090,[fd00::]/8,exact.org.");
        assertThat(hosts.allows("COLLECTOR.", 4320)).isTrue();
        assertThat(hosts.allows("collector", 4321)).isFalse();
        assertThat(hosts.allows("a.b.example.com", 443)).isTrue();
        assertThat(hosts.allows("example.com", 443)).isFalse();
        assertThat(hosts.allows("notexample.com", 443)).isFalse();
        assertThat(hosts.allows("10.255.0.1", 9090)).isTrue();
        assertThat(hosts.allows("11.0.0.1", 9090)).isFalse();
        assertThat(hosts.allows("[fd12::1]", 1)).isTrue();
        assertThat(hosts.allows("fe00::1", 1)).isFalse();
        assertThat(hosts.allows("exact.org", 1)).isTrue();
        assertThat(AllowedHosts.parse("").allows("localhost", 1)).isFalse();
    }

    @Test
    void anEntryThatIsNoneFailsTheStart() {
        for (String list : List.of("a:0", "a:5-4", "a:x", "10.0.0.0/33", "a b", "*.", "1234", "a/8", "host:1:2")) {
            assertThatThrownBy(() ->
                            new SourcesSettings(list, 16, SketchServiceSettings.DEFAULT, PrometheusSettings.DEFAULT))
                    .as(list)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("precompute-sources-allowed");
        }
    }

    @Test
    void loopbackIsNotForbiddenByItself() throws Exception {
        assertThat(AllowedHosts.isForbidden(InetAddress.getByName("127.0.0.1"))).isFalse();
        assertThat(AllowedHosts.isForbidden(InetAddress.getByName("::1"))).isFalse();
    }
}
