package io.weir.ingest.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.ingest.remotewrite.Refusals.Reason;
import io.weir.ingest.testkit.TestingSender;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.promql.labels.Labels;
import io.weir.proto.remote.v1.Exemplar;
import io.weir.proto.remote.v1.Histogram;
import io.weir.proto.remote.v1.Label;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The hand-written decoder against the generated one, and its rules. */
final class WriteRequestDecoderTest {
    private static final long NOW = 1_700_000_000_000L;

    private final SeriesRegistry registry = new SeriesRegistry(HeadLimits.defaults(), 99);
    private final WriteRequestDecoder decoder = new WriteRequestDecoder(registry, RemoteWriteLimits.defaults());

    private List<String> decode(byte[] bytes) {
        decoder.decode(bytes, bytes.length, "default", NOW);
        return lines(decoder.batch());
    }

    private List<String> decode(WriteRequest request) {
        return decode(request.toByteArray());
    }

    private static List<String> lines(WriteBatch batch) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            lines.add(line(batch.series(i).labels(), batch.timestamp(i), batch.value(i)));
        }
        return lines;
    }

    private static String line(Labels labels, long timestamp, double value) {
        return labels + " " + timestamp + " " + Long.toHexString(Double.doubleToRawLongBits(value));
    }

    private static TimeSeries.Builder series(String... pairs) {
        TimeSeries.Builder series = TimeSeries.newBuilder();
        for (int i = 0; i < pairs.length; i += 2) {
            series.addLabels(Label.newBuilder().setName(pairs[i]).setValue(pairs[i + 1]));
        }
        return series;
    }

    private static WriteRequest request(TimeSeries.Builder... all) {
        WriteRequest.Builder request = WriteRequest.newBuilder();
        for (TimeSeries.Builder one : all) {
            request.addTimeseries(one);
        }
        return request.build();
    }

    @Test
    void decodesWhatTheGeneratedEncoderWrites() {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            WriteRequest.Builder request = WriteRequest.newBuilder();
            List<String> expected = new ArrayList<>();
            for (int s = random.nextInt(20); s > 0; s--) {
                Labels labels =
                        Labels.of("__name__", "m" + random.nextInt(9), "x", "\u00fc\ud83d\ude00" + random.nextInt(9));
                TimeSeries.Builder series = TestingSender.series(labels);
                for (int i = random.nextInt(4); i > 0; i--) {
                    long timestamp = NOW - random.nextLong(0, 4_000_000_000_000L);
                    double value = Double.longBitsToDouble(random.nextLong());
                    series.addSamples(TestingSender.sample(timestamp, value));
                    expected.add(line(labels, timestamp, value));
                }
                series.addExemplars(Exemplar.newBuilder()
                        .setValue(1)
                        .addLabels(Label.newBuilder().setName("trace")));
                request.addTimeseries(series);
            }
            assertThat(decode(request.build())).isEqualTo(expected);
            assertThat(decoder.refusals().isEmpty()).isTrue();
        }
    }

    @Test
    void labelsInAnyOrderAndEncodingAreOneSeries() {
        decode(request(
                series("__name__", "m", "a", "1", "b", "2").addSamples(TestingSender.sample(1, 1)),
                series("b", "2", "__name__", "m", "a", "1").addSamples(TestingSender.sample(2, 2)),
                series("b", "2", "empty", "", "__name__", "m", "a", "1").addSamples(TestingSender.sample(3, 3))));
        assertThat(decoder.refusals().isEmpty()).isTrue();
        assertThat(decoder.batch().series(1)).isSameAs(decoder.batch().series(0));
        assertThat(decoder.batch().series(2)).isSameAs(decoder.batch().series(0));
        assertThat(registry.size()).isEqualTo(1);
    }

    @Test
    void labelsThatDoNotLieTogetherAreJoined() {
        byte[] first = series("__name__", "m").build().toByteArray();
        byte[] middle = TimeSeries.newBuilder()
                .addSamples(TestingSender.sample(5, 6))
                .build()
                .toByteArray();
        byte[] last = series("a", "1").build().toByteArray();
        byte[] body = new byte[first.length + 2 * middle.length + last.length + 2];
        body[0] = 1 << 3 | 2;
        body[1] = (byte) (body.length - 2);
        System.arraycopy(middle, 0, body, 2, middle.length);
        System.arraycopy(first, 0, body, 2 + middle.length, first.length);
        System.arraycopy(middle, 0, body, 2 + middle.length + first.length, middle.length);
        System.arraycopy(last, 0, body, 2 + 2 * middle.length + first.length, last.length);
        String expected = line(Labels.of("__name__", "m", "a", "1"), 5, 6);
        assertThat(decode(body)).containsExactly(expected, expected);
    }

    @Test
    void badSeriesAreRefusedAndTheOthersKept() {
        TimeSeries.Builder good = series("__name__", "good").addSamples(TestingSender.sample(1, 1));
        String longName = "n".repeat(1025);
        String longValue = "v".repeat(4097);
        TimeSeries.Builder manyLabels = series("__name__", "m");
        for (int i = 0; i < 128; i++) {
            manyLabels.addLabels(Label.newBuilder().setName("l" + i).setValue("v"));
        }
        Map<TimeSeries.Builder, String> bad = Map.of(
                series("a", "b"),
                "without a metric name",
                series("__name__", ""),
                "without a metric name",
                series("__name__", "m", "", "b"),
                "empty name",
                series("__name__", "m", "a", "1", "a", "2"),
                "occurs twice",
                series("__name__", "m", longName, "1"),
                "ingest-remote-write-label-name-bytes-max=1024",
                series("__name__", "m", "a", longValue),
                "ingest-remote-write-label-value-bytes-max=4096",
                manyLabels,
                "ingest-remote-write-labels-max=128");
        bad.forEach((series, message) -> {
            series.addSamples(TestingSender.sample(2, 2));
            List<String> stored = decode(request(series, good));
            assertThat(stored).as(message).containsExactly(line(Labels.of("__name__", "good"), 1, 1));
            assertThat(decoder.refusals().describe()).contains(message).contains("1 refused");
        });
    }

    @Test
    void labelsThatAreNotUtf8AreRefused() {
        byte[] bytes = request(series("__name__", "mmmm").addSamples(TestingSender.sample(1, 1)))
                .toByteArray();
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 'm' && bytes[i + 1] == 'm' && bytes[i + 2] == 'm') {
                bytes[i + 1] = (byte) 0xff;
            }
        }
        assertThat(decode(bytes)).isEmpty();
        assertThat(decoder.refusals().counts()).containsEntry(Reason.INVALID_LABELS, 1L);
    }

    @Test
    void timesAreCheckedAgainstTheLimits() {
        WriteRequest request = request(series("__name__", "m")
                .addSamples(TestingSender.sample(NOW + 600_000, 1))
                .addSamples(TestingSender.sample(NOW + 600_001, 2))
                .addSamples(TestingSender.sample(NOW + 600_002, 2))
                .addSamples(TestingSender.sample(Long.MAX_VALUE, 3))
                .addSamples(TestingSender.sample(Long.MIN_VALUE, 4))
                .addSamples(TestingSender.sample(-5, 5)));
        assertThat(decode(request)).hasSize(2);
        assertThat(decoder.refusals().counts())
                .isEqualTo(Map.of(Reason.TOO_FAR_IN_FUTURE, 2L, Reason.TIME_OUT_OF_RANGE, 2L));
        WriteRequestDecoder strict =
                new WriteRequestDecoder(registry, RemoteWriteLimits.defaults().withAgeMillisMax(1000));
        byte[] bytes = request(series("__name__", "m")
                        .addSamples(TestingSender.sample(NOW - 1000, 1))
                        .addSamples(TestingSender.sample(NOW - 1001, 2)))
                .toByteArray();
        strict.decode(bytes, bytes.length, "default", NOW);
        assertThat(strict.batch().size()).isEqualTo(1);
        assertThat(strict.refusals().describe()).contains("ingest-remote-write-age-millis-max=1000");
    }

    @Test
    void nativeHistogramsAreRefusedByNameAndFloatsBesideThemKept() {
        assertThat(decode(request(series("__name__", "h")
                        .addSamples(TestingSender.sample(1, 1))
                        .addHistograms(Histogram.newBuilder().setSum(2).setTimestamp(1)))))
                .hasSize(1);
        assertThat(decoder.refusals().counts()).isEqualTo(Map.of(Reason.NATIVE_HISTOGRAM, 1L));
        assertThat(decoder.refusals().describe()).contains("native histograms are not supported yet");
    }

    @Test
    void metadataIsDecoded() {
        WriteRequest request = WriteRequest.newBuilder()
                .addMetadata(io.weir.proto.remote.v1.MetricMetadata.newBuilder()
                        .setMetricFamilyName("m")
                        .setTypeValue(3)
                        .setHelp("Help.")
                        .setUnit("seconds"))
                .addMetadata(io.weir.proto.remote.v1.MetricMetadata.newBuilder().setHelp("nameless"))
                .build();
        decode(request);
        assertThat(decoder.metadata()).containsExactly(new MetricMetadata("m", "histogram", "Help.", "seconds"));
        assertThat(decoder.refusals().counts()).isEqualTo(Map.of(Reason.METADATA, 1L));
    }

    @Test
    void garbageIsRefusedLikeTheGeneratedParserRefusesIt() {
        Random random = new Random(12);
        int malformed = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = request(
                            series("__name__", "m", "a", "b").addSamples(TestingSender.sample(NOW, 1)),
                            series("__name__", "n").addSamples(TestingSender.sample(NOW, 1)))
                    .toByteArray();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            boolean generatedAccepts = true;
            int expected = 0;
            try {
                for (TimeSeries series : WriteRequest.parseFrom(bytes).getTimeseriesList()) {
                    expected += series.getSamplesCount();
                }
            } catch (InvalidProtocolBufferException e) {
                generatedAccepts = false;
            }
            try {
                decode(bytes);
                if (generatedAccepts) {
                    long refused = decoder.refusals().counts().values().stream()
                            .mapToLong(Long::longValue)
                            .sum();
                    assertThat(decoder.batch().size()).as("round " + round).isLessThanOrEqualTo(expected);
                    assertThat(decoder.batch().size() + refused)
                            .as("round " + round)
                            .isGreaterThanOrEqualTo(expected);
                }
            } catch (IngestException e) {
                malformed++;
                assertThat(e.reason())
                        .isIn(IngestException.Reason.BAD_DATA, IngestException.Reason.UNSUPPORTED_MEDIA_TYPE);
                if (e.reason() == IngestException.Reason.BAD_DATA) {
                    assertThat(generatedAccepts)
                            .as("round " + round + ": " + e.getMessage())
                            .isFalse();
                }
            }
        }
        assertThat(malformed).isBetween(1_000, 19_000);
    }

    @Test
    void randomBytesNeverCrashTheDecoder() {
        Random random = new Random(13);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            try {
                decode(bytes);
            } catch (IngestException e) {
                assertThat(e).hasMessageContaining("remote write");
            }
        }
    }

    @Test
    void aVersion2BodyIsNamed() {
        byte[] body = {0x22, 0, 0x2a, 0};
        assertThatThrownBy(() -> decode(body))
                .isInstanceOf(IngestException.class)
                .hasMessageContaining("remote write 2.0");
    }
}
