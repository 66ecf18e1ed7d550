package io.weir.precompute.source.prometheus;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.job.SketchOptions;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.TickSource;
import io.weir.precompute.source.net.PinnedAddresses;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.Expr;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.GoText;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.SketchCapacityException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Reads from a Prometheus-compatible server. Expressions are evaluated there; for sketches its raw samples are read, each once, and once more until
 * they are settled, and the sketches of past parts of a window are kept.
 */
public final class PrometheusSource implements TickSource {
    private static final String TENANT_HEADER = "X-Scope-OrgID";
    private static final String TENANT_DEFAULT = "default";

    private final PrometheusSettings settings;
    private final InstantSource clock;
    private final PinnedHttp http;
    /** A tick takes its job's window and leaves a mark: none is used by two, and what is forgotten meanwhile stays forgotten. */
    private final Map<String, Kept> kept = new ConcurrentHashMap<>();

    /** What is known of a job between and during its ticks. */
    private sealed interface Kept {
        long retainedBytes();
    }

    private record InUse() implements Kept {
        @Override
        public long retainedBytes() {
            return 0;
        }
    }

    private record Idle(JobWindow window, long retainedBytes) implements Kept {}

    public PrometheusSource(PrometheusSettings settings, PinnedAddresses addresses, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        http = new PinnedHttp(settings, addresses);
    }

    @Override
    public ResultVector evaluate(Job job, JobQuery.OfExpression query, long timeMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        List<ResultVector.Element> elements = new ArrayList<>();
        Set<Labels> seen = new HashSet<>();
        List<Annotation> annotations = PrometheusAnswers.read(
                ask(job, query.text(), timeMillis, deadlineNanos),
                "vector",
                settings.seriesMax(),
                (labels, time, value) -> {
                    if (!seen.add(labels)) {
                        throw new SourceException(Cause.BAD_DATA, "the label set " + labels + " came twice");
                    }
                    elements.add(new ResultVector.Element(labels, value));
                });
        return new ResultVector(elements, annotations);
    }

    @Override
    public SketchBatch sketches(Job job, JobQuery.OfSketch query, long toMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        long fromMillis = toMillis - query.windowMillis();
        long granuleMillis = granuleMillis(query.windowMillis(), job.spec().granularityMillis());
        boolean isKept = query.windowMillis() / granuleMillis <= settings.granulesMax();
        Kept before = kept.put(job.jobId(), new InUse());
        JobWindow window = before instanceof Idle idle && isKept
                ? idle.window
                : new JobWindow(
                        isKept ? granuleMillis : query.windowMillis(),
                        sketches(query.function(), job.spec().options()),
                        settings.windowBytesMax());
        window.forgetThrough(fromMillis);
        long settledThroughMillis = clock.millis() - settings.settledMillis();
        try {
            for (JobWindow.Read read : window.missing(fromMillis, toMillis, settings.readMillis())) {
                read(job, query, window, read, deadlineNanos);
            }
            return batch(window.merged(fromMillis, toMillis));
        } catch (SketchCapacityException e) {
            throw new SourceException(Cause.LIMIT, "the samples do not fit a sketch: " + e.getMessage(), e);
        } finally {
            window.forgetAfter(settledThroughMillis);
            keep(job.jobId(), window, isKept);
        }
    }

    private static long granuleMillis(long windowMillis, long granularityMillis) {
        return BigInteger.valueOf(windowMillis)
                .gcd(BigInteger.valueOf(granularityMillis))
                .longValueExact();
    }

    private static Supplier<Sketch> sketches(SketchFunction function, SketchOptions options) {
        return switch (function) {
            case SketchFunction.Quantile quantile -> () -> SampleSketches.quantiles(options.relativeAccuracy());
            case SketchFunction.CountDistinct distinct -> () -> SampleSketches.distinct(options.precision());
            case SketchFunction.Top top -> () -> SampleSketches.frequencies(options.candidatesMax());
        };
    }

    private void read(Job job, JobQuery.OfSketch query, JobWindow window, JobWindow.Read read, long deadlineNanos)
            throws SourceException, InterruptedException {
        long length = read.toMillis() - read.fromMillis();
        JobWindow.Reading reading = window.reading(read);
        PrometheusAnswers.read(
                ask(job, selector(query.selector()) + "[" + length + "ms]", read.toMillis(), deadlineNanos),
                "matrix",
                settings.seriesMax(),
                reading::sample);
        reading.done();
    }

    /** The selector as any version of Prometheus reads it. */
    static String selector(Expr.VectorSelector selector) {
        return selector.matchers().stream().map(PrometheusSource::matcher).collect(Collectors.joining(",", "{", "}"));
    }

    private static String matcher(LabelMatcher matcher) {
        boolean isPlain = matcher.name().matches("[a-zA-Z_][a-zA-Z0-9_]*");
        return (isPlain ? matcher.name() : GoText.quote(matcher.name()))
                + matcher.type().symbol()
                + GoText.quote(matcher.value());
    }

    private static SketchBatch batch(Map<Labels, Sketch> merged) throws SourceException {
        Map<Labels, SketchPoint> points = new HashMap<>();
        for (Map.Entry<Labels, Sketch> series : merged.entrySet()) {
            Labels labels = series.getKey().withoutMetricName();
            SketchPoint point = new SketchPoint(labels, SampledSketch.of(series.getValue()));
            if (points.put(labels, point) != null) {
                throw new SourceException(
                        Cause.BAD_DATA,
                        "two metrics of the selector have the same labels: " + labels + "; select one by its name");
            }
        }
        return new SketchBatch(
                points.values().stream()
                        .sorted((left, right) -> left.labels().compareTo(right.labels()))
                        .toList(),
                1);
    }

    private void keep(String jobId, JobWindow window, boolean isKept) {
        long retainedBytes = window.retainedBytes();
        boolean fits = isKept && retainedBytes() + retainedBytes <= settings.retainedBytesMax();
        kept.computeIfPresent(jobId, (id, mark) -> fits ? new Idle(window, retainedBytes) : null);
    }

    private PinnedHttp.Answer ask(Job job, String query, long timeMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        if (!(job.spec().source() instanceof SourceAddress.Prometheus source)) {
            throw new IllegalArgumentException("no Prometheus: " + job.spec().source());
        }
        String base = source.base().toString();
        URI uri = URI.create((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + "/api/v1/query");
        long leftMillis = Math.max(1, (deadlineNanos - System.nanoTime()) / 1_000_000);
        String form = field("query", query)
                + "&" + field("time", seconds(timeMillis))
                + "&" + field("timeout", leftMillis + "ms")
                // Thanos answers with what it has, otherwise.
                + "&partial_response=false";
        Map<String, String> headers = new HashMap<>();
        // Another Weir would answer from the results of its own jobs, this very one among them.
        headers.put("X-Precompute", "off");
        if (!job.spec().tenant().equals(TENANT_DEFAULT)) {
            headers.put(TENANT_HEADER, job.spec().tenant());
        }
        return http.post(uri, form, headers, deadlineNanos);
    }

    private static String field(String name, String value) {
        return name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    private static String seconds(long millis) {
        return BigDecimal.valueOf(millis, 3).toPlainString();
    }

    /** Heap of the windows that are kept between ticks, estimated, in bytes. */
    public long retainedBytes() {
        return kept.values().stream().mapToLong(Kept::retainedBytes).sum();
    }

    @Override
    public void forget(String jobId) {
        kept.remove(jobId);
    }

    @Override
    public void close() {
        http.close();
        kept.clear();
    }
}
