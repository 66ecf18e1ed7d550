package io.weir.precompute.result;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.job.SketchOptions;
import io.weir.precompute.source.SketchPoint;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.ast.Expr;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampledSketch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Jobs and results for tests, changed one thing at a time. */
public record TestingTickJobs(
        String jobId,
        String tenant,
        String text,
        Optional<SketchFunction> function,
        long granularityMillis,
        SourceAddress source,
        String storePath,
        OptionalLong validUntilMillis,
        Optional<List<String>> labels) {
    public static final String P99 = "quantile_over_time(0.99, latency{service=\"web\"}[5m])";

    /** A job for the 0.99 quantile over 5 minutes at 10 s of sketches. */
    public static TestingTickJobs quantile(String jobId) {
        return new TestingTickJobs(
                jobId,
                "default",
                P99,
                Optional.of(new SketchFunction.Quantile(0.99)),
                10_000,
                new SourceAddress.Sketches("collector:4317", "collector", 4317),
                "precomputed/" + jobId,
                OptionalLong.empty(),
                Optional.empty());
    }

    /** A job for a sum at 10 s of the lake. */
    public static TestingTickJobs expression(String jobId) {
        TestingTickJobs other = quantile(jobId);
        return new TestingTickJobs(
                jobId,
                other.tenant,
                "sum(rate(requests_total[1m]))",
                Optional.empty(),
                other.granularityMillis,
                new SourceAddress.Lake("lake://"),
                other.storePath,
                other.validUntilMillis,
                other.labels);
    }

    public TestingTickJobs tenant(String changed) {
        return new TestingTickJobs(
                jobId, changed, text, function, granularityMillis, source, storePath, validUntilMillis, labels);
    }

    public TestingTickJobs text(String changed) {
        return new TestingTickJobs(
                jobId, tenant, changed, function, granularityMillis, source, storePath, validUntilMillis, labels);
    }

    public TestingTickJobs function(SketchFunction changed) {
        return new TestingTickJobs(
                jobId,
                tenant,
                text,
                Optional.of(changed),
                granularityMillis,
                source,
                storePath,
                validUntilMillis,
                labels);
    }

    public TestingTickJobs granularityMillis(long changed) {
        return new TestingTickJobs(jobId, tenant, text, function, changed, source, storePath, validUntilMillis, labels);
    }

    public TestingTickJobs source(String host) {
        return new TestingTickJobs(
                jobId,
                tenant,
                text,
                function,
                granularityMillis,
                new SourceAddress.Sketches(host + ":4317", host, 4317),
                storePath,
                validUntilMillis,
                labels);
    }

    public TestingTickJobs storePath(String changed) {
        return new TestingTickJobs(
                jobId, tenant, text, function, granularityMillis, source, changed, validUntilMillis, labels);
    }

    public TestingTickJobs validUntilMillis(long changed) {
        return new TestingTickJobs(
                jobId, tenant, text, function, granularityMillis, source, storePath, OptionalLong.of(changed), labels);
    }

    public TestingTickJobs labels(String... changed) {
        return new TestingTickJobs(
                jobId,
                tenant,
                text,
                function,
                granularityMillis,
                source,
                storePath,
                validUntilMillis,
                Optional.of(List.of(changed)));
    }

    public Job job() {
        Expr expression = PromqlParser.parse(text, Feature.ALL);
        String canonical = CanonicalExpression.text(expression);
        JobQuery query = function.<JobQuery>map(known ->
                        new JobQuery.OfSketch(text, expression, canonical, 300_000, known, selector(expression)))
                .orElseGet(() -> new JobQuery.OfExpression(text, expression, canonical, 300_000));
        return new Job(
                jobId,
                new JobSpec(
                        tenant,
                        query,
                        granularityMillis,
                        source,
                        "ddsketch",
                        storePath,
                        validUntilMillis,
                        labels,
                        SketchOptions.DEFAULT),
                0);
    }

    private static Expr.VectorSelector selector(Expr expression) {
        return switch (expression) {
            case Expr.VectorSelector selector -> selector;
            case Expr other -> selector(other.children().getLast());
        };
    }

    /** A result of {@code series} series, all with the value, and with sketches if asked. */
    public static TickResult result(String jobId, long evalMillis, int series, double value, boolean sketches) {
        List<ResultVector.Element> elements = new ArrayList<>();
        List<SketchPoint> points = new ArrayList<>();
        for (int i = 0; i < series; i++) {
            Labels labels = Labels.of("host", "host-" + i);
            elements.add(new ResultVector.Element(labels, value));
            if (sketches) {
                DdSketch sketch = DdSketch.ofAccuracy(0.01);
                sketch.add(value);
                points.add(new SketchPoint(labels, SampledSketch.of(sketch)));
            }
        }
        return new TickResult(
                jobId,
                evalMillis,
                new ResultVector(elements),
                new ErrorBound.Relative(0.01),
                1,
                evalMillis + 100,
                points);
    }
}
