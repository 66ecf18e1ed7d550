package io.weir.precompute.source.otlp;

import static io.weir.precompute.source.otlp.Pushes.attribute;
import static io.weir.precompute.source.otlp.Pushes.point;
import static io.weir.precompute.source.otlp.Pushes.quantiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import io.weir.precompute.source.otlp.PushReceiver.Sender;
import io.weir.precompute.source.pushed.PushedSettings;
import io.weir.precompute.source.pushed.PushedSketches;
import io.weir.proto.push.v1.DdSketchPoint;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.ExportResponse;
import io.weir.proto.push.v1.Metric;
import io.weir.proto.push.v1.NumberPoint;
import io.weir.proto.push.v1.Numbers;
import io.weir.proto.push.v1.Resource;
import io.weir.proto.push.v1.ResourceMetrics;
import io.weir.proto.push.v1.ScopeMetrics;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SketchKind;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is refused of a sender is missing from the windows of its time, though other label sets tell of all of it. */
class RefusedPushesTest {
    private static final long MINUTE = 60_000;
    private static final long TO = 1_800_000_000_000L;
    private static final Sender EDGE = new Sender("", "edge", "10.0.0.1");

    private long now = TO - 10 * MINUTE;
    private PushedSketches store = store(PushedSettings.DEFAULT);
    private PushReceiver receiver = receiver();

    private PushedSketches store(PushedSettings settings) {
        now = TO - 10 * MINUTE;
        PushedSketches made = new PushedSketches(settings, () -> Instant.ofEpochMilli(now));
        now = TO + 1_000;
        return made;
    }

    private PushReceiver receiver() {
        return new PushReceiver(Pushes.settings(1 << 20, 1, 100), store, new SimpleMeterRegistry());
    }

    private static byte[] sketch() {
        DdSketch sketch = SampleSketches.quantiles(0.01);
        sketch.add(1);
        return Pushes.envelope(sketch);
    }

    private static DdSketchPoint.Builder of(String pod) {
        return point(TO - MINUTE, TO, sketch()).addAttributes(attribute("pod", pod));
    }

    private ExportResponse push(Metric... metrics) throws RequestException {
        return receiver.receive(EDGE, Pushes.request(metrics).toByteArray());
    }

    private SketchBatch ask(long toMillis) throws SourceException {
        return store.sketches(new PushedSketches.Question(
                "default",
                "latency",
                Set.of(SketchKind.DDSKETCH),
                List.of(),
                Optional.of(Set.of("edge")),
                toMillis - MINUTE,
                toMillis));
    }

    private void assertMissing(String what) throws Exception {
        assertThatThrownBy(() -> ask(TO))
                .as(what)
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.BAD_DATA))
                .hasMessageContaining("refused");
        // The next minute lacks nothing.
        now += MINUTE;
        DdSketchPoint next = point(TO, TO + MINUTE, sketch())
                .addAttributes(attribute("pod", "a"))
                .build();
        assertThat(push(quantiles("latency", next)).hasPartialSuccess()).isFalse();
        assertThat(ask(TO + MINUTE).coverage()).as(what).isEqualTo(1);
    }

    @Test
    void aPointThatIsRefusedIsMissing() throws Exception {
        byte[] good = sketch();
        Map<String, DdSketchPoint> bad = new LinkedHashMap<>();
        bad.put(
                "cut",
                of("b").setSketch(ByteString.copyFrom(Arrays.copyOf(good, good.length - 3)))
                        .build());
        bad.put("encoding", of("b").setEncoding(7).build());
        bad.put("no beginning", of("b").setStartTimeUnixNano(0).build());
        bad.put("series and attributes", of("b").setSeriesId(1).build());
        bad.put("series", of("b").clearAttributes().setSeriesId(1).build());
        bad.put(
                "attributes",
                of("b").addAttributes(attribute("a.b", "1"))
                        .addAttributes(attribute("a_b", "2"))
                        .build());
        for (Map.Entry<String, DdSketchPoint> one : bad.entrySet()) {
            store = store(PushedSettings.DEFAULT);
            receiver = receiver();
            ExportResponse response = push(quantiles("latency", of("a").build(), one.getValue()));
            assertThat(response.getPartialSuccess().getRejectedDataPoints())
                    .as(one.getKey())
                    .isEqualTo(1);
            assertMissing(one.getKey());
        }
    }

    @Test
    void whatBreaksTheContractAloneIsMissingToo() throws Exception {
        push(quantiles("latency", of("a").build()));
        assertThatThrownBy(
                        () -> push(quantiles("latency", of("b").setEncoding(7).build())))
                .isInstanceOf(RequestException.class);
        assertMissing("422");
    }

    @Test
    void aResourceThatIsRefusedIsMissing() throws Exception {
        ResourceMetrics bad = ResourceMetrics.newBuilder()
                .setResource(Resource.newBuilder()
                        .addAttributes(attribute("a.b", "1"))
                        .addAttributes(attribute("a_b", "2")))
                .addScopeMetrics(ScopeMetrics.newBuilder().addMetrics(quantiles("latency", of("b").build())))
                .build();
        ExportRequest request = Pushes.request(quantiles("latency", of("a").build())).toBuilder()
                .addResourceMetrics(bad)
                .build();
        assertThat(receiver.receive(EDGE, request.toByteArray())
                        .getPartialSuccess()
                        .getRejectedDataPoints())
                .isEqualTo(1);
        assertMissing("resource");
    }

    @Test
    void aSketchOfAKindThatIsNotSupportedIsMissing() throws Exception {
        NumberPoint kll = NumberPoint.newBuilder()
                .addAttributes(attribute("kll.sketch_payload", "x"))
                .setTimeUnixNano(TO * 1_000_000)
                .build();
        Metric metric = Metric.newBuilder()
                .setName("latency")
                .setGauge(Numbers.newBuilder().addDataPoints(kll))
                .build();
        push(quantiles("latency", of("a").build()), metric);
        assertMissing("kll");
    }

    @Test
    void aStoreThatIsFullInTheMiddleOfARequestLacksTheRest() throws Exception {
        store = store(new PushedSettings(15 * MINUTE, MINUTE, MINUTE, 1, 8, 1L << 30));
        receiver = receiver();
        assertThat(push(quantiles("latency", of("a").build(), of("b").build()))
                        .getPartialSuccess()
                        .getErrorMessage())
                .contains("streams-max=1");
        assertMissing("streams");
    }

    @Test
    void pointsOfWhichNothingWasRecordedOrThatAreNoSketchesAreNotMissing() throws Exception {
        DdSketchPoint empty =
                of("b").setFlags(1).setSeriesId(7).clearAttributes().build();
        Metric plain = Metric.newBuilder()
                .setName("latency")
                .setGauge(Numbers.newBuilder()
                        .addDataPoints(NumberPoint.newBuilder().setTimeUnixNano(TO * 1_000_000)))
                .build();
        assertThat(push(quantiles("latency", of("a").build(), empty), plain)
                        .getPartialSuccess()
                        .getRejectedDataPoints())
                .isEqualTo(2);
        assertThat(ask(TO).coverage()).isEqualTo(1);
    }
}
