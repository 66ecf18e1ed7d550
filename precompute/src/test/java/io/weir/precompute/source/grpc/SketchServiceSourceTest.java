package io.weir.precompute.source.grpc;

import static io.weir.precompute.source.grpc.TestingSketchSource.error;
import static io.weir.precompute.source.grpc.TestingSketchSource.point;
import static io.weir.precompute.source.grpc.TestingSketchSource.replies;
import static io.weir.precompute.source.grpc.TestingSketchSource.summary;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.TestingJobs;
import io.weir.precompute.source.net.PinnedAddresses;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Kind;
import io.weir.proto.sketch.v1.Matcher;
import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SketchKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SketchServiceSourceTest {
    private static final long TO = 1_800_000_000_000L;
    private static final long WINDOW = 300_000;
    private static final JobQuery.OfSketch P99 =
            TestingJobs.sketch(new SketchFunction.Quantile(0.99), "latency{service=\"web\",pod!~\"a.*\"}", WINDOW);

    private final PinnedAddresses addresses = new PinnedAddresses(AllowedHosts.parse("127.0.0.1,localhost"), 2);
    private final SketchServiceSource source =
            new SketchServiceSource(SketchServiceSettings.DEFAULT, addresses, Optional.empty());

    @AfterEach
    void close() {
        source.close();
        addresses.close();
    }

    private static Job job(JobQuery query, int port) {
        return TestingJobs.job(
                "tenant-7", query, 60_000, new SourceAddress.Sketches("127.0.0.1:" + port, "127.0.0.1", port));
    }

    private static long deadline(long millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private SketchBatch fetch(JobQuery.OfSketch query, int port) throws SourceException, InterruptedException {
        return source.sketches(job(query, port), query, TO, deadline(5_000));
    }

    private static DdSketch uniform() {
        DdSketch sketch = SampleSketches.quantiles(0.01);
        for (int i = 1; i <= 1_000; i++) {
            sketch.add(i);
        }
        return sketch;
    }

    @Test
    void sketchesComePerLabelSetWithTheirCoverageAndTheRequestSaysWhatIsWanted() throws Exception {
        try (TestingSketchSource peer = new TestingSketchSource(replies(
                point(uniform(), Map.of("pod", "b")),
                point(uniform(), Map.of("pod", "a")),
                summary(2, TO - WINDOW - 5, TO + 5)))) {
            SketchBatch batch = fetch(P99, peer.port());

            assertThat(batch.coverage()).isEqualTo(1);
            assertThat(batch.points().stream().map(SketchPoint::labels))
                    .containsExactly(Labels.of("pod", "a"), Labels.of("pod", "b"));
            assertThat(batch.points().getFirst().sketch().quantile(0.99).orElseThrow())
                    .isCloseTo(990, within(9.9));
            FetchRequest request = peer.requests.getFirst();
            assertThat(request.getTenant()).isEqualTo("tenant-7");
            assertThat(request.getMetric()).isEqualTo("latency");
            assertThat(request.getFromMillis()).isEqualTo(TO - WINDOW);
            assertThat(request.getToMillis()).isEqualTo(TO);
            assertThat(request.getKind()).isEqualTo(Kind.DDSKETCH);
            assertThat(request.getMatchersList())
                    .containsExactlyInAnyOrder(
                            Matcher.newBuilder()
                                    .setName("service")
                                    .setValue("web")
                                    .build(),
                            Matcher.newBuilder()
                                    .setType(Matcher.Type.NOT_REGEX)
                                    .setName("pod")
                                    .setValue("a.*")
                                    .build());
        }
    }

    @Test
    void partOfTheWindowIsLessCoverage() throws Exception {
        try (TestingSketchSource peer =
                new TestingSketchSource(replies(point(uniform(), Map.of()), summary(1, TO - WINDOW / 2, TO)))) {
            assertThat(fetch(P99, peer.port()).coverage()).isEqualTo(0.5);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 1_000, 100_000})
    void distinctCountsOfTwoOverlappingSketchesCountTheCommonOnce(int distinct) throws Exception {
        HyperLogLog first = SampleSketches.distinct(14);
        HyperLogLog second = SampleSketches.distinct(14);
        for (int i = 0; i < distinct; i++) {
            SampleSketches.record(first, i);
            SampleSketches.record(second, i + distinct / 2.0);
        }
        JobQuery.OfSketch query =
                TestingJobs.sketch(new SketchFunction.CountDistinct(), "latency{service=\"web\"}", WINDOW);
        try (TestingSketchSource peer = new TestingSketchSource(replies(
                point(first, Map.of("pod", "a")), point(second, Map.of("pod", "b")), summary(2, TO - WINDOW, TO)))) {
            SketchBatch batch = fetch(query, peer.port());

            double bound = 3 * 1.04 / Math.sqrt(1 << 14);
            SketchPoint union = batch.points().getFirst();
            assertThat(union.sketch().distinct()).isCloseTo(distinct, within(Math.max(0.5, bound * distinct)));
            union.sketch().mergeFrom(batch.points().get(1).sketch());
            double both = distinct + distinct / 2.0;
            assertThat(union.sketch().distinct()).isCloseTo(both, within(Math.max(0.5, bound * both)));
        }
    }

    @Test
    void theHeaviestOfAZipfStreamAreFound() throws Exception {
        CountMin frequencies = SampleSketches.frequencies(1_024);
        // Weights of Zipf(1.1) over 100,000 keys, each recorded once with its weight.
        for (int rank = 1; rank <= 100_000; rank++) {
            frequencies.add(SketchKey.of("item-" + rank), 1e6 / Math.pow(rank, 1.1));
        }
        JobQuery.OfSketch query = TestingJobs.sketch(new SketchFunction.Top(10), "items", WINDOW);
        try (TestingSketchSource peer =
                new TestingSketchSource(replies(point(frequencies, Map.of()), summary(1, TO - WINDOW, TO)))) {
            SketchBatch batch = fetch(query, peer.port());

            List<String> top = batch.points().getFirst().sketch().top(10).stream()
                    .map(hitter -> hitter.key().text())
                    .toList();
            long right = top.stream()
                    .filter(item -> Integer.parseInt(item.substring("item-".length())) <= 10)
                    .count();
            assertThat(top).hasSize(10);
            assertThat(right).isGreaterThanOrEqualTo(9);
        }
    }

    private void assertFails(TestingSketchSource peer, Cause cause, String text) {
        assertThatThrownBy(() -> fetch(P99, peer.port()))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(cause))
                .hasMessageContaining(text);
    }

    @Test
    void anAnswerThatIsBrokenIsNoAnswer() throws Exception {
        FetchReply good = point(uniform(), Map.of("pod", "a"));
        FetchReply end = summary(1, TO - WINDOW, TO);
        Map<String, FetchReply[]> broken = Map.of(
                "without its summary",
                new FetchReply[] {good},
                "after the summary",
                new FetchReply[] {good, end, good},
                "came twice",
                new FetchReply[] {good, good, summary(2, TO - WINDOW, TO)},
                "points were announced",
                new FetchReply[] {good, summary(2, TO - WINDOW, TO)},
                "neither a point",
                new FetchReply[] {FetchReply.getDefaultInstance(), end},
                "does not answer",
                new FetchReply[] {point(SampleSketches.distinct(12), Map.of()), end},
                "cannot be read",
                new FetchReply[] {
                    FetchReply.newBuilder()
                            .setPoint(io.weir.proto.sketch.v1.SketchPoint.getDefaultInstance())
                            .build(),
                    end
                },
                "no label's name",
                new FetchReply[] {point(uniform(), Map.of("__name__", "x")), end});
        for (Map.Entry<String, FetchReply[]> one : broken.entrySet()) {
            try (TestingSketchSource peer = new TestingSketchSource(replies(one.getValue()))) {
                assertFails(peer, Cause.BAD_DATA, one.getKey());
            }
        }
    }

    @Test
    void theErrorsOfThePeerAreTold() throws Exception {
        Map<Status, Cause> errors = Map.of(
                Status.INVALID_ARGUMENT.withDescription("no such metric"), Cause.BAD_DATA,
                Status.RESOURCE_EXHAUSTED.withDescription("too many"), Cause.LIMIT,
                Status.PERMISSION_DENIED.withDescription("who are you"), Cause.REFUSED,
                Status.UNAVAILABLE.withDescription("starting"), Cause.UNREACHABLE,
                Status.INTERNAL.withDescription("oops"), Cause.BAD_DATA);
        for (Map.Entry<Status, Cause> one : errors.entrySet()) {
            try (TestingSketchSource peer = new TestingSketchSource(error(one.getKey()))) {
                assertFails(peer, one.getValue(), String.valueOf(one.getKey().getDescription()));
            }
        }
        try (TestingSketchSource peer = new TestingSketchSource()) {
            assertFails(peer, Cause.UNSUPPORTED, "SketchSource");
        }
    }

    @Test
    void limitsAreNamed() throws Exception {
        FetchReply[] answer = {
            point(uniform(), Map.of("pod", "a")), point(uniform(), Map.of("pod", "b")), summary(2, TO - WINDOW, TO)
        };
        Map<SketchServiceSettings, String> limits = Map.of(
                new SketchServiceSettings(1, 1 << 20, 1, 1 << 20), "points-max=1",
                new SketchServiceSettings(1, 1 << 20, 9, 100), "batch-bytes-max=100",
                new SketchServiceSettings(1, 100, 9, 1 << 20), "precompute-sources-service-message-bytes-max=100 ");
        for (Map.Entry<SketchServiceSettings, String> one : limits.entrySet()) {
            try (TestingSketchSource peer = new TestingSketchSource(replies(answer));
                    SketchServiceSource limited = new SketchServiceSource(one.getKey(), addresses, Optional.empty())) {
                assertThatThrownBy(() -> limited.sketches(job(P99, peer.port()), P99, TO, deadline(5_000)))
                        .isInstanceOfSatisfying(
                                SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.LIMIT))
                        .hasMessageContaining(one.getValue());
            }
        }
    }

    @Test
    void labelsCountAsTheSketchesDo() throws Exception {
        SketchServiceSettings bounded = new SketchServiceSettings(1, 16 << 20, 9, 1 << 20);
        String text = "x".repeat(600_000);
        try (TestingSketchSource peer = new TestingSketchSource(
                        replies(point(uniform(), Map.of("pod", text)), summary(1, TO - WINDOW, TO)));
                SketchServiceSource limited = new SketchServiceSource(bounded, addresses, Optional.empty())) {
            assertThatThrownBy(() -> limited.sketches(job(P99, peer.port()), P99, TO, deadline(5_000)))
                    .isInstanceOfSatisfying(
                            SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.LIMIT))
                    .hasMessageContaining("batch-bytes-max=");
        }
    }

    @Test
    void aMessageThatIsTooLongOnlyWhenItIsUncompressedNamesTheLimitToo() throws Exception {
        FetchReply large = point(uniform(), Map.of("pod", "a".repeat(100_000)));
        SketchServiceSettings settings = new SketchServiceSettings(1, 50_000, 9, 1 << 20);
        try (TestingSketchSource peer = new TestingSketchSource((request, out) -> {
                    ((ServerCallStreamObserver<FetchReply>) out).setCompression("gzip");
                    replies(large, summary(1, TO - WINDOW, TO)).accept(request, out);
                });
                SketchServiceSource limited = new SketchServiceSource(settings, addresses, Optional.empty())) {
            assertThatThrownBy(() -> limited.sketches(job(P99, peer.port()), P99, TO, deadline(5_000)))
                    .isInstanceOfSatisfying(
                            SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.LIMIT))
                    .hasMessageContaining("precompute-sources-service-message-bytes-max=50000 ");
        }
    }

    @Test
    void aPeerThatIsSilentTimesOutAndOneThatIsGoneIsUnreachable() throws Exception {
        int port;
        try (TestingSketchSource peer = new TestingSketchSource((request, out) -> {})) {
            port = peer.port();
            long start = System.nanoTime();
            assertThatThrownBy(() -> source.sketches(job(P99, peer.port()), P99, TO, deadline(300)))
                    .isInstanceOfSatisfying(
                            SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.TIMEOUT));
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isBetween(250L, 4_000L);
        }
        assertThatThrownBy(() -> fetch(P99, port))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.UNREACHABLE));
        // The connection was dropped: when the peer is back, it is made anew at once.
        try (TestingSketchSource peer =
                new TestingSketchSource(port, replies(point(uniform(), Map.of()), summary(1, TO - WINDOW, TO)))) {
            assertThat(fetch(P99, peer.port()).points()).hasSize(1);
        }
    }

    @Test
    void anInterruptEndsTheCallAtOnceAndThePeerIsTold() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        try (TestingSketchSource peer = new TestingSketchSource((request, out) -> {
            ((ServerCallStreamObserver<FetchReply>) out).setOnCancelHandler(cancelled::countDown);
            asked.countDown();
        })) {
            AtomicReference<Throwable> outcome = new AtomicReference<>();
            Thread tick = Thread.ofVirtual().start(() -> {
                try {
                    source.sketches(job(P99, peer.port()), P99, TO, deadline(60_000));
                } catch (SourceException | InterruptedException e) {
                    outcome.set(e);
                }
            });
            assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
            tick.interrupt();
            assertThat(tick.join(java.time.Duration.ofSeconds(10))).isTrue();
            assertThat(outcome.get()).isInstanceOf(InterruptedException.class);
            assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void connectionsAreBounded() throws Exception {
        SketchServiceSettings two = new SketchServiceSettings(2, 1 << 20, 10, 1 << 20);
        try (SketchServiceSource bounded = new SketchServiceSource(two, addresses, Optional.empty())) {
            for (int i = 0; i < 4; i++) {
                try (TestingSketchSource peer =
                        new TestingSketchSource(replies(point(uniform(), Map.of()), summary(1, TO - WINDOW, TO)))) {
                    bounded.sketches(job(P99, peer.port()), P99, TO, deadline(5_000));
                }
            }
            assertThat(bounded.channels()).isEqualTo(2);
        }
    }

    @Test
    void aSelectorWithoutAPlainNameAndExpressionsAreUnsupported() {
        JobQuery.OfSketch noName =
                TestingJobs.sketch(new SketchFunction.Quantile(0.5), "{__name__=~\"lat.*\",service=\"web\"}", WINDOW);
        assertThatThrownBy(() -> fetch(noName, 1))
                .isInstanceOfSatisfying(
                        SourceException.class, e -> assertThat(e.why()).isEqualTo(Cause.UNSUPPORTED));
        JobQuery.OfExpression expression = TestingJobs.expression("sum(latency)");
        assertThatThrownBy(() -> source.evaluate(job(expression, 1), expression, TO, deadline(100)))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("quantile_over_time");
    }
}
