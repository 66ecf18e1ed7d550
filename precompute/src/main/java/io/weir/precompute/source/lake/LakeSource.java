package io.weir.precompute.source.lake;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.TickSource;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.BackgroundQueries.Evaluated;
import io.weir.queryapi.spi.SketchQueries;
import io.weir.queryapi.spi.SketchQueries.Answer;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.queryapi.spi.SketchQueries.Part;
import io.weir.queryapi.spi.SketchQueries.Question;
import io.weir.queryapi.spi.SketchQueries.SegmentSpan;
import io.weir.sketch.Sketch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * Gives ticks what Weir's own segments say. A window is read by granules, of which those that have not changed since the last tick are kept; the
 * workers do the reading, behind the users' queries. Thread-safe.
 *
 * <p>A granule has changed when the segments that overlap it have: late samples come in new segments, and compaction replaces segments. Samples
 * that lie in several segments count once, since all segments of a granule are read together.
 */
public final class LakeSource implements TickSource {
    private final BackgroundQueries queries;
    private final SketchQueries sketches;
    private final LakeSourceSettings settings;
    private final GranuleStore store;
    private final Counter granulesRead;
    private final Counter granulesReused;

    /** @param registry its measurements are there from now on */
    public LakeSource(
            BackgroundQueries queries, SketchQueries sketches, LakeSourceSettings settings, MeterRegistry registry) {
        this.queries = queries;
        this.sketches = sketches;
        this.settings = settings;
        store = new GranuleStore(settings.keptBytesMax());
        granulesRead = granules(registry, "read");
        granulesReused = granules(registry, "kept");
        Gauge.builder("weir.precompute.lake.kept.bytes", store, GranuleStore::bytes)
                .description("Sketches of Weir's own segments kept between ticks")
                .register(registry);
        FunctionCounter.builder("weir.precompute.lake.evictions", store, GranuleStore::evictions)
                .description("Granules dropped because sketches kept between ticks had no more room")
                .register(registry);
    }

    private static Counter granules(MeterRegistry registry, String from) {
        return Counter.builder("weir.precompute.lake.granules")
                .description("Granules of the windows of ticks, by where their sketches came from")
                .tag("from", from)
                .register(registry);
    }

    @Override
    public SketchBatch sketches(Job job, JobQuery.OfSketch query, long toMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        SketchSubject subject = SketchSubject.of(job.spec(), query);
        ReentrantLock reading = store.use(job.jobId(), subject, query.windowMillis());
        if (!reading.tryLock(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            throw new SourceException(
                    Cause.TIMEOUT, "another job reads the same samples and was not done before this tick's deadline");
        }
        try {
            List<GranuleSketches> window = window(subject, query.windowMillis(), toMillis, deadlineNanos);
            return WindowMerge.merge(
                    window,
                    job.spec().labels().isPresent(),
                    settings.windowBytesMax(),
                    "precompute-lake-window-bytes-max");
        } catch (RuntimeException e) {
            throw LakeFailures.of(e);
        } finally {
            reading.unlock();
        }
    }

    /** The window's granules and blocks of them, oldest first; one that is the whole window if granules are not worth it. */
    private List<GranuleSketches> window(SketchSubject subject, long windowMillis, long toMillis, long deadlineNanos)
            throws InterruptedException {
        long count = windowMillis / subject.granuleMillis();
        if (count > 1 && count <= settings.granulesMax() && store.keeps(subject)) {
            try {
                return byGranules(subject, subject.granules(toMillis, windowMillis), deadlineNanos);
            } catch (QueryException.LimitExceeded e) {
                // Perhaps one sketch of the whole window is small enough.
                store.tooLarge(subject);
            }
        }
        Granules whole = SketchSubject.whole(toMillis, windowMillis);
        granulesRead.increment();
        return read(subject, whole, deadlineNanos);
    }

    private List<GranuleSketches> byGranules(SketchSubject subject, Granules granules, long deadlineNanos)
            throws InterruptedException {
        List<SegmentSpan> spans =
                sketches.segments(subject.tenant(), subject.matchers(), granules.afterMillis(), granules.untilMillis());
        List<Optional<GranuleSketches>> known = new ArrayList<>();
        for (int i = 0; i < granules.count(); i++) {
            known.add(known(subject, granules.endMillis(i), segmentIds(spans, granules, i)));
        }
        Map<Long, GranuleSketches> fresh = new HashMap<>();
        List<GranuleSketches> window = new ArrayList<>();
        int at = 0;
        while (at < known.size()) {
            if (known.get(at).isPresent()) {
                window.add(known.get(at).get());
                granulesReused.increment();
                at++;
                continue;
            }
            int end = at + 1;
            while (end < known.size() && known.get(end).isEmpty()) {
                end++;
            }
            Granules missing = new Granules(granules.endMillis(at), granules.lengthMillis(), end - at);
            List<GranuleSketches> read = read(subject, missing, deadlineNanos);
            granulesRead.increment(read.size());
            for (int i = 0; i < read.size(); i++) {
                fresh.put(missing.endMillis(i), read.get(i));
            }
            window.addAll(read);
            at = end;
        }
        store.put(subject, fresh, granules.untilMillis());
        GranuleBlocks blocks = GranuleBlocks.of(granules, window, fresh.keySet(), id -> store.block(subject, id));
        store.putBlocks(subject, blocks.made());
        return blocks.pieces();
    }

    /** A granule of which nothing has changed, or in which there is nothing. */
    private Optional<GranuleSketches> known(SketchSubject subject, long endMillis, Set<String> segmentIds) {
        return segmentIds.isEmpty()
                ? Optional.of(GranuleSketches.of(segmentIds, Map.of()))
                : store.get(subject, endMillis)
                        .filter(granule -> granule.segmentIds().equals(segmentIds));
    }

    private static Set<String> segmentIds(List<SegmentSpan> spans, Granules granules, int index) {
        long untilMillis = granules.endMillis(index);
        long afterMillis = untilMillis - granules.lengthMillis();
        return spans.stream()
                .filter(span -> span.minTimeMillis() <= untilMillis && span.maxTimeMillis() > afterMillis)
                .map(SegmentSpan::id)
                .collect(Collectors.toSet());
    }

    private List<GranuleSketches> read(SketchSubject subject, Granules granules, long deadlineNanos)
            throws InterruptedException {
        Answer answer = sketches.sketches(
                new Question(subject.tenant(), subject.matchers(), granules, subject.form(), settings.windowBytesMax()),
                deadlineNanos);
        List<Map<Labels, Sketch>> byGranule = new ArrayList<>();
        for (int i = 0; i < granules.count(); i++) {
            byGranule.add(new TreeMap<>());
        }
        for (Part part : answer.parts()) {
            byGranule.get(part.granule()).put(part.labels(), part.sketch());
        }
        List<GranuleSketches> read = new ArrayList<>();
        for (int i = 0; i < granules.count(); i++) {
            read.add(GranuleSketches.of(segmentIds(answer.segments(), granules, i), byGranule.get(i)));
        }
        return read;
    }

    @Override
    public ResultVector evaluate(Job job, JobQuery.OfExpression query, long timeMillis, long deadlineNanos)
            throws SourceException, InterruptedException {
        try {
            Evaluated evaluated = queries.evaluate(job.spec().tenant(), query.text(), timeMillis, deadlineNanos);
            return new ResultVector(
                    evaluated.samples().stream()
                            .map(sample -> new ResultVector.Element(sample.labels(), sample.value()))
                            .toList(),
                    evaluated.annotations());
        } catch (RuntimeException e) {
            throw LakeFailures.of(e);
        }
    }

    @Override
    public void forget(String jobId) {
        store.forget(jobId);
    }

    @Override
    public void close() {
        // It holds memory only.
    }
}
