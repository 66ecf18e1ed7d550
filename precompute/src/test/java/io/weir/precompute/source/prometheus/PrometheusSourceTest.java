package io.weir.precompute.source.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.TestingJobs;
import io.weir.precompute.source.net.PinnedAddresses;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PrometheusSourceTest {
    private static final long TO = 1_800_000_000_000L;
    private static final long MINUTE = 60_000;
    private static final long WINDOW = 5 * MINUTE;
    private static final String VECTOR =
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"pod\":\"b\"},"
                    + "\"value\":[1800000000,\"2.5\"]},{\"metric\":{\"pod\":\"a\"},\"value\":[1800000000.000,\"NaN\"]},"
                    + "{\"metric\":{},\"value\":[1800000000,\"-Inf\"]}]}}";

    private final PinnedAddresses addresses = new PinnedAddresses(AllowedHosts.parse("127.0.0.1"), 2);
    private long now = TO + 1_000;
    private PrometheusSource source = source(PrometheusSettings.DEFAULT);

    private PrometheusSource source(PrometheusSettings settings) {
        return new PrometheusSource(settings, addresses, () -> Instant.ofEpochMilli(now));
    }

    private void with(PrometheusSettings settings) {
        source.close();
        source = source(settings);
    }

    @AfterEach
    void close() {
        source.close();
        addresses.close();
    }

    private static Job job(JobQuery query, int port) {
        return job("default", query, port);
    }

    private static Job job(String tenant, JobQuery query, int port) {
        String text = "http://127.0.0.1:" + port + "/prefix/";
        return TestingJobs.job(tenant, query, MINUTE, new SourceAddress.Prometheus(text, URI.create(text)));
    }

    private static long deadline(long millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private static JobQuery.OfSketch quantile() {
        return TestingJobs.sketch(new SketchFunction.Quantile(0.9), "latency{pod!=\"x\\\"y\"}", WINDOW);
    }

    private SketchBatch tick(TestingPrometheus peer, JobQuery.OfSketch query, long toMillis) throws Exception {
        now = toMillis + 1_000;
        return source.sketches(job(query, peer.port()), query, toMillis, deadline(10_000));
    }

    private static List<List<Double>> fill(TestingPrometheus peer, long from, long to, SplittableRandom random) {
        List<Double> first = new ArrayList<>();
        List<Double> second = new ArrayList<>();
        for (long at = from + 10_000; at <= to; at += 10_000) {
            double value = Math.exp(random.nextGaussian());
            peer.sample("a", at, value);
            first.add(value);
            peer.sample("b", at, -value);
            second.add(-value);
        }
        return List.of(first, second);
    }

    private static void refuse(HttpExchange exchange) throws IOException {
        TestingPrometheus.json(exchange, 400, "{}");
    }

    @Test
    void sketchesAreMadeOfRawSamplesWithinTheirBound() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            List<List<Double>> values = fill(peer, TO - WINDOW, TO, new SplittableRandom(seed));
            // On the border, which does not belong to the window.
            peer.sample("a", TO - WINDOW, 1e9);
            SketchBatch batch = tick(peer, quantile(), TO);

            assertThat(batch.coverage()).isEqualTo(1);
            assertThat(batch.points().stream().map(SketchPoint::labels))
                    .containsExactly(Labels.of("pod", "a"), Labels.of("pod", "b"));
            for (int i = 0; i < 2; i++) {
                List<Double> sorted = new ArrayList<>(values.get(i));
                Collections.sort(sorted);
                for (double rank : new double[] {0.5, 0.9, 0.99, 1}) {
                    double exact = sorted.get((int) Math.max(1, Math.ceil(rank * sorted.size())) - 1);
                    double got = batch.points().get(i).sketch().quantile(rank).orElseThrow();
                    assertThat(Math.abs(got - exact)).isLessThanOrEqualTo(0.0100001 * Math.abs(exact));
                }
            }
            TestingPrometheus.Request request = peer.requests.getFirst();
            assertThat(request.path()).isEqualTo("/prefix/api/v1/query");
            assertThat(request.form())
                    .containsEntry("query", "{__name__=\"latency\",pod!=\"x\\\"y\"}[300000ms]")
                    .containsEntry("time", "1800000000.000");
            assertThat(request.headers()).containsEntry("X-precompute", "off").doesNotContainKey("X-scope-orgid");
        }
    }

    @Test
    void aTickReadsWhatIsNewAndWhatWasNotSettled() throws Exception {
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            SplittableRandom random = new SplittableRandom(7);
            List<List<Double>> values = fill(peer, TO - WINDOW, TO + 3 * MINUTE, random);
            tick(peer, quantile(), TO);
            // One that comes late, but before its part is settled.
            peer.sample("a", TO - 5_000, 1_000);
            tick(peer, quantile(), TO + MINUTE);
            SketchBatch third = tick(peer, quantile(), TO + 2 * MINUTE);

            assertThat(peer.requests.stream()
                            .map(it -> Objects.requireNonNull(it.form().get("query"))
                                    .replaceAll(".*\\[", "[")))
                    .containsExactly("[300000ms]", "[120000ms]", "[120000ms]");
            assertThat(third.points().getFirst().sketch().count())
                    .isEqualTo(values.getFirst().size() - 2 * 6 - 6 + 1);
            assertThat(third.points().getFirst().sketch().quantile(1).orElseThrow())
                    .isBetween(990.0, 1_010.0);
            assertThat(source.retainedBytes()).isPositive();
            source.forget("job-1");
            assertThat(source.retainedBytes()).isZero();
        }
    }

    @Test
    void aWindowThatIsNoMultipleOfTheGranularityIsKeptInCommonParts() throws Exception {
        JobQuery.OfSketch query = TestingJobs.sketch(new SketchFunction.Quantile(0.5), "latency", 90_000);
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            fill(peer, TO - WINDOW, TO + 10 * MINUTE, new SplittableRandom(3));
            for (int tick = 0; tick < 5; tick++) {
                SketchBatch batch = tick(peer, query, TO + tick * MINUTE);
                assertThat(batch.points().getFirst().sketch().count()).isEqualTo(9);
            }
        }
    }

    @Test
    void distinctValuesAndTheMostFrequentOnes() throws Exception {
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            for (int i = 0; i < 280; i++) {
                peer.sample("a", TO - WINDOW + 1_000L * (i + 1), i % 7 == 0 ? i : 0.5);
            }
            JobQuery.OfSketch distinct = TestingJobs.sketch(new SketchFunction.CountDistinct(), "latency", WINDOW);
            assertThat(tick(peer, distinct, TO).points().getFirst().sketch().distinct())
                    .isBetween(40.5, 41.5);
            source.forget("job-1");
            JobQuery.OfSketch top = TestingJobs.sketch(new SketchFunction.Top(1), "latency", WINDOW);
            var heaviest =
                    tick(peer, top, TO).points().getFirst().sketch().top(1).getFirst();
            assertThat(heaviest.key().text()).isEqualTo("0.5");
            assertThat(heaviest.weight()).isEqualTo(240);
        }
    }

    @Test
    void seriesWithoutSamplesAreNoZeros() throws Exception {
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            assertThat(tick(peer, quantile(), TO).points()).isEmpty();
        }
    }

    private ResultVector evaluate(TestingPrometheus peer, String tenant) throws Exception {
        JobQuery.OfExpression query = TestingJobs.expression("sum by (pod) (rate(latency[5m]))");
        return source.evaluate(job(tenant, query, peer.port()), query, TO, deadline(3_000));
    }

    private ResultVector evaluate(TestingPrometheus peer) throws Exception {
        return evaluate(peer, "default");
    }

    @Test
    void expressionsAreEvaluatedThereAndKeepTheirOrder() throws Exception {
        try (TestingPrometheus peer =
                new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, VECTOR))) {
            assertThat(evaluate(peer, "team-1").elements())
                    .containsExactly(
                            new ResultVector.Element(Labels.of("pod", "b"), 2.5),
                            new ResultVector.Element(Labels.of("pod", "a"), Double.NaN),
                            new ResultVector.Element(Labels.EMPTY, Double.NEGATIVE_INFINITY));
            TestingPrometheus.Request request = peer.requests.getFirst();
            assertThat(request.form()).containsEntry("query", "sum by (pod) (rate(latency[5m]))");
            assertThat(request.headers()).containsEntry("X-scope-orgid", "team-1");
        }
    }

    @Test
    void whatTheServerSaysAboutAnExpressionIsKept() throws Exception {
        String said = VECTOR.substring(0, VECTOR.lastIndexOf('}'))
                + ",\"warnings\":[\"PromQL warning: mixed histograms\"],\"infos\":[\"might not be a counter"
                + " (1:2)\",\"and so on\"]}";
        try (TestingPrometheus peer = new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, said))) {
            ResultVector vector = evaluate(peer);
            assertThat(vector.elements()).hasSize(3);
            assertThat(vector.annotations())
                    .containsExactly(
                            new Annotation(
                                    Annotation.Level.WARNING, "PromQL warning: mixed histograms", PositionRange.NONE),
                            new Annotation(Annotation.Level.INFO, "might not be a counter (1:2)", PositionRange.NONE),
                            new Annotation(Annotation.Level.INFO, "and so on", PositionRange.NONE));
        }
        String none = VECTOR.substring(0, VECTOR.lastIndexOf('}')) + ",\"warnings\":null}";
        try (TestingPrometheus peer = new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, none))) {
            assertThat(evaluate(peer).annotations()).isEmpty();
        }
    }

    @Test
    void aCompressedAnswerIsReadAndItsUnpackedSizeIsBounded() throws Exception {
        TestingPrometheus.Otherwise compressed = exchange -> {
            exchange.getResponseHeaders().set("Content-Encoding", "gzip");
            exchange.sendResponseHeaders(200, 0);
            try (GZIPOutputStream out = new GZIPOutputStream(exchange.getResponseBody())) {
                out.write(VECTOR.getBytes(java.nio.charset.StandardCharsets.UTF_8));
                out.write(" ".repeat(50_000).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            }
        };
        try (TestingPrometheus peer = new TestingPrometheus(compressed)) {
            assertThat(evaluate(peer).elements()).hasSize(3);
            with(new PrometheusSettings(1_000, 8, 10_000, 10, MINUTE, 0, 10, 1L << 30, 1 << 20));
            assertFails(peer, Cause.LIMIT, "response-bytes-max=10000");
        }
    }

    private void assertFails(TestingPrometheus peer, Cause cause, String text) {
        assertThatThrownBy(() -> evaluate(peer))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).as(text).isEqualTo(cause))
                .hasMessageContaining(text);
    }

    @Test
    void redirectsAreNotFollowed() throws Exception {
        try (TestingPrometheus victim =
                        new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, VECTOR));
                TestingPrometheus peer = new TestingPrometheus(exchange -> {
                    exchange.getResponseHeaders()
                            .set("Location", "http://127.0.0.1:" + victim.port() + "/api/v1/query");
                    exchange.sendResponseHeaders(307, -1);
                })) {
            assertFails(peer, Cause.REFUSED, "redirect");
            assertThat(victim.requests).isEmpty();
        }
    }

    @Test
    void anErrorOrABrokenAnswerIsNoAnswer() throws Exception {
        Map<String, String> answers = Map.of(
                "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"no such metric\"}",
                "no such metric",
                "<html>",
                "no JSON",
                "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}",
                "not a vector",
                "{\"status\":\"success\",\"isPartial\":true,\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
                "partial",
                "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1]}]}}",
                "no JSON",
                "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"x\"]}]}}",
                "no JSON",
                VECTOR.replace("\"b\"", "\"a\""),
                "came twice",
                "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[",
                "no JSON",
                "",
                "no JSON");
        for (Map.Entry<String, String> one : answers.entrySet()) {
            try (TestingPrometheus peer =
                    new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, one.getKey()))) {
                assertFails(peer, Cause.BAD_DATA, one.getValue());
            }
        }
        try (TestingPrometheus peer =
                new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 503, "starting"))) {
            assertFails(peer, Cause.BAD_DATA, "status 503");
        }
        try (TestingPrometheus peer = new TestingPrometheus(exchange -> TestingPrometheus.json(
                exchange,
                200,
                "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
                        + "\"histogram\":[1,{}]}]}}"))) {
            assertFails(peer, Cause.UNSUPPORTED, "histogram");
        }
    }

    private static String warning(String... warnings) {
        String list = String.join("\",\"", warnings);
        return VECTOR.replace("\"data\"", "\"warnings\":[\"" + list + "\"],\"data\"");
    }

    @Test
    void anAnswerWithoutAStoreThatFailedIsNoAnswerRemarksOnTheQueryAreNone() throws Exception {
        String lacking = "remote_read: connection refused " + "x".repeat(10_000);
        for (String answer : List.of(
                warning(lacking),
                warning("PromQL warning: metric might not be a counter", lacking),
                VECTOR.replaceFirst("}$", ",\"warnings\":[\"" + lacking + "\"]}"))) {
            try (TestingPrometheus peer =
                    new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, answer))) {
                assertFails(peer, Cause.BAD_DATA, "remote_read: connection refused");
                assertThatThrownBy(() -> evaluate(peer))
                        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1_000));
            }
        }
        for (String answer : List.of(
                warning("PromQL warning: a", "PromQL info: b"),
                VECTOR.replace("\"data\"", "\"infos\":[\"of another store\"],\"warnings\":null,\"data\""))) {
            try (TestingPrometheus peer =
                    new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, answer))) {
                assertThat(evaluate(peer).elements()).hasSize(3);
            }
        }
    }

    @Test
    void limitsOfSeriesAndRequests() throws Exception {
        try (TestingPrometheus peer =
                new TestingPrometheus(exchange -> TestingPrometheus.json(exchange, 200, VECTOR))) {
            with(new PrometheusSettings(1_000, 8, 10_000, 2, MINUTE, 0, 10, 1L << 30, 1 << 20));
            assertFails(peer, Cause.LIMIT, "series-max=2");
        }
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        try (TestingPrometheus peer = new TestingPrometheus(exchange -> {
            asked.countDown();
            await(end);
        })) {
            with(new PrometheusSettings(1_000, 1, 10_000, 10, MINUTE, 0, 10, 1L << 30, 1 << 20));
            AtomicReference<Throwable> outcome = new AtomicReference<>();
            Thread first = Thread.ofVirtual().start(() -> {
                try {
                    evaluate(peer);
                } catch (Exception e) {
                    outcome.set(e);
                }
            });
            assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
            JobQuery.OfExpression query = TestingJobs.expression("latency");
            assertThatThrownBy(() -> source.evaluate(job(query, peer.port()), query, TO, deadline(200)))
                    .isInstanceOfSatisfying(
                            SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.LIMIT));
            end.countDown();
            assertThat(first.join(Duration.ofSeconds(10))).isTrue();
            assertThat(outcome.get()).isInstanceOf(SourceException.class);
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void windowsAreKeptWithinTheirBytesAndPartsOnly() throws Exception {
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            fill(peer, TO - WINDOW, TO + MINUTE, new SplittableRandom(1));
            with(new PrometheusSettings(1_000, 8, 1 << 20, 10, WINDOW, 0, 10, 1L << 30, 1));
            tick(peer, quantile(), TO);
            assertThat(source.retainedBytes()).isZero();
            with(new PrometheusSettings(1_000, 8, 1 << 20, 10, WINDOW, 0, 2, 1L << 30, 1 << 20));
            assertThat(tick(peer, quantile(), TO + MINUTE)
                            .points()
                            .getFirst()
                            .sketch()
                            .count())
                    .isEqualTo(30);
            assertThat(source.retainedBytes()).isZero();
        }
    }

    @Test
    void theSketchesOfAWindowAreBoundedOverAllOfItsRequests() throws Exception {
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            fill(peer, TO - WINDOW, TO, new SplittableRandom(1));
            with(new PrometheusSettings(1_000, 8, 1 << 20, 10, MINUTE, 0, 10, 1L << 30, 1L << 30));
            tick(peer, quantile(), TO);
            long allBytes = source.retainedBytes();
            // Each request by itself fits.
            with(new PrometheusSettings(1_000, 8, 1 << 20, 10, MINUTE, 0, 10, allBytes / 2, 1L << 30));
            assertThatThrownBy(() -> tick(peer, quantile(), TO))
                    .isInstanceOfSatisfying(
                            SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.LIMIT))
                    .hasMessageContaining("window-bytes-max=" + allBytes / 2);
            with(new PrometheusSettings(1_000, 8, 1 << 20, 10, MINUTE, 0, 10, allBytes, 1L << 30));
            assertThat(tick(peer, quantile(), TO).points()).hasSize(2);
        }
    }

    @Test
    void aSilentServerTimesOutOneThatIsGoneIsUnreachableAndAnInterruptEndsTheWait() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        int port;
        try (TestingPrometheus peer = new TestingPrometheus(exchange -> await(end))) {
            port = peer.port();
            JobQuery.OfExpression query = TestingJobs.expression("latency");
            assertThatThrownBy(() -> source.evaluate(job(query, peer.port()), query, TO, deadline(200)))
                    .isInstanceOfSatisfying(
                            SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.TIMEOUT));
            AtomicReference<Throwable> outcome = new AtomicReference<>();
            int before = peer.requests.size();
            Thread tick = Thread.ofVirtual().start(() -> {
                try {
                    source.evaluate(job(query, peer.port()), query, TO, deadline(60_000));
                } catch (SourceException | InterruptedException e) {
                    outcome.set(e);
                }
            });
            org.awaitility.Awaitility.await().until(() -> peer.requests.size() > before);
            tick.interrupt();
            assertThat(tick.join(Duration.ofSeconds(10))).isTrue();
            assertThat(outcome.get()).isInstanceOf(InterruptedException.class);
            end.countDown();
        }
        JobQuery.OfExpression query = TestingJobs.expression("latency");
        assertThatThrownBy(() -> source.evaluate(job(query, port), query, TO, deadline(3_000)))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.UNREACHABLE));
    }

    @Test
    void aFailedReadKeepsWhatWasReadBefore() throws Exception {
        try (TestingPrometheus peer = new TestingPrometheus(PrometheusSourceTest::refuse)) {
            fill(peer, TO - WINDOW, TO + MINUTE, new SplittableRandom(1));
            tick(peer, quantile(), TO);
            long kept = source.retainedBytes();
            assertThatThrownBy(() -> source.sketches(job(quantile(), 1), quantile(), TO + MINUTE, deadline(1_000)))
                    .isInstanceOf(SourceException.class);
            assertThat(source.retainedBytes()).isPositive().isLessThanOrEqualTo(kept);
            assertThat(tick(peer, quantile(), TO + MINUTE)
                            .points()
                            .getFirst()
                            .sketch()
                            .count())
                    .isEqualTo(30);
        }
    }
}
