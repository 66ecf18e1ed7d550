package io.weir.ingest.remotewrite;

import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.LabelBytes;
import io.weir.ingest.memory.SeriesRef;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.TenantSeries;
import io.weir.ingest.memory.WriteBatch;
import io.weir.ingest.remotewrite.Refusals.Reason;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes remote write 1.0 requests into a reused {@link WriteBatch}. A known series costs a hash and a comparison of its label
 * bytes; nothing is allocated per sample. Not thread-safe.
 *
 * <p>Exemplars are left out: nothing of Weir reads them, and a sender that is refused for them would drop the samples beside them.
 */
final class WriteRequestDecoder {
    private static final int FIELD_SERIES = 1;
    private static final int FIELD_METADATA = 3;
    private static final int FIELD_SYMBOLS_OF_V2 = 4;
    private static final int FIELD_SERIES_OF_V2 = 5;

    private static final int FIELD_LABELS = 1;
    private static final int FIELD_SAMPLES = 2;
    private static final int FIELD_HISTOGRAMS = 4;

    private static final int TAG_VALUE = 1 << 3 | ProtoCursor.WIRE_FIXED64;
    private static final int TAG_TIMESTAMP = 2 << 3 | ProtoCursor.WIRE_VARINT;

    /** 0001-01-01 and the last millisecond of 9999: the days that have a name of eight digits. */
    static final long TIME_MILLIS_MIN = -62_135_596_800_000L;

    static final long TIME_MILLIS_MAX = 253_402_300_799_999L;

    private final SeriesRegistry registry;
    private final RemoteWriteLimits limits;
    private final LabelBytes probe;
    private final LabelDecoder labelDecoder;
    private final ProtoCursor cursor = new ProtoCursor();
    private final MetadataDecoder metadataDecoder;

    private final WriteBatch batch = new WriteBatch();
    private final List<MetricMetadata> metadata = new ArrayList<>();
    private final Refusals refusals = new Refusals();
    private byte[] joined = new byte[1024];
    private long latestMillis;
    private long earliestMillis;

    // What the last look at a series found.
    private int labelsFrom;
    private int labelsTo;
    private boolean labelsJoined;
    private int sampleCount;
    private int histogramCount;

    WriteRequestDecoder(SeriesRegistry registry, RemoteWriteLimits limits) {
        this.registry = registry;
        this.limits = limits;
        probe = registry.newProbe();
        labelDecoder = new LabelDecoder(limits);
        metadataDecoder = new MetadataDecoder(limits, labelDecoder);
    }

    WriteBatch batch() {
        return batch;
    }

    List<MetricMetadata> metadata() {
        return metadata;
    }

    Refusals refusals() {
        return refusals;
    }

    /**
     * Decodes a whole request. Afterwards the batch holds what can be stored, and the refusals say what cannot.
     *
     * @throws IngestException if the bytes are not a request, or a limit on series is reached; nothing may be stored then
     */
    void decode(byte[] buffer, int size, String tenantName, long nowMillis) {
        batch.clear();
        metadata.clear();
        refusals.clear();
        latestMillis = Math.min(nowMillis + limits.futureMillisMax(), TIME_MILLIS_MAX);
        earliestMillis = limits.ageMillisMax() == 0
                ? TIME_MILLIS_MIN
                : Math.max(nowMillis - limits.ageMillisMax(), TIME_MILLIS_MIN);
        TenantSeries tenant = registry.tenant(tenantName);
        boolean looksLikeV2 = false;
        cursor.set(buffer, 0);
        while (cursor.position() < size) {
            int tag = cursor.readTag(size);
            int field = tag >>> 3;
            if ((tag & 7) == ProtoCursor.WIRE_LENGTH && (field == FIELD_SERIES || field == FIELD_METADATA)) {
                int end = cursor.readLength(size) + cursor.position();
                if (field == FIELD_SERIES) {
                    decodeSeries(buffer, cursor.position(), end, tenant);
                } else {
                    metadataDecoder.decode(cursor, buffer, end, metadata, refusals);
                }
                cursor.moveTo(end);
            } else {
                looksLikeV2 |= field == FIELD_SYMBOLS_OF_V2 || field == FIELD_SERIES_OF_V2;
                cursor.skip(tag, size);
            }
        }
        if (looksLikeV2 && batch.size() == 0) {
            throw new IngestException(
                    IngestException.Reason.UNSUPPORTED_MEDIA_TYPE,
                    "the body looks like a remote write 2.0 request; send remote write 1.0 (in Prometheus, leave"
                            + " protobuf_message at prometheus.WriteRequest)");
        }
    }

    private void decodeSeries(byte[] buffer, int from, int to, TenantSeries tenant) {
        survey(buffer, to);
        byte[] labelBytes = labelsJoined ? joined : buffer;
        if (histogramCount > 0) {
            refusals.add(
                    Reason.NATIVE_HISTOGRAM,
                    histogramCount,
                    "native histograms are not supported yet; set send_native_histograms: false");
        }
        if (sampleCount == 0) {
            return;
        }
        probe.set(labelBytes, labelsFrom, labelsTo);
        SeriesRef ref = tenant.find(probe);
        if (ref == null) {
            ref = unknownSeries(labelBytes, tenant);
            if (ref == null) {
                return;
            }
        }
        // Labels come first in what senders write; only then they need no second look.
        decodeSamples(labelsJoined || labelsFrom != from ? from : labelsTo, to, ref);
    }

    private @Nullable SeriesRef unknownSeries(byte[] labelBytes, TenantSeries tenant) {
        Labels labels = labelDecoder.decode(labelBytes, labelsFrom, labelsTo);
        if (labels == null) {
            LabelDecoder.Problem problem = labelDecoder.problem();
            refusals.add(problem.reason(), sampleCount, problem.message());
            return null;
        }
        SeriesRef ref = tenant.intern(labels);
        tenant.remember(probe, ref);
        return ref;
    }

    /** Finds the labels of a series, joined into one run if they are not, and counts what else it holds. */
    private void survey(byte[] buffer, int to) {
        labelsFrom = cursor.position();
        labelsTo = labelsFrom;
        labelsJoined = false;
        sampleCount = 0;
        histogramCount = 0;
        boolean seen = false;
        while (cursor.position() < to) {
            int start = cursor.position();
            int tag = cursor.readTag(to);
            if ((tag & 7) != ProtoCursor.WIRE_LENGTH) {
                cursor.skip(tag, to);
                continue;
            }
            int end = cursor.readLength(to) + cursor.position();
            switch (tag >>> 3) {
                case FIELD_LABELS -> {
                    if (!seen) {
                        labelsFrom = start;
                        labelsTo = end;
                        seen = true;
                    } else {
                        extendLabels(buffer, start, end);
                    }
                }
                case FIELD_SAMPLES -> sampleCount++;
                case FIELD_HISTOGRAMS -> histogramCount++;
                default -> {}
            }
            cursor.moveTo(end);
        }
    }

    private void extendLabels(byte[] buffer, int start, int end) {
        if (!labelsJoined && labelsTo == start) {
            labelsTo = end;
            return;
        }
        if (!labelsJoined) {
            int length = labelsTo - labelsFrom;
            ensureJoined(length);
            System.arraycopy(buffer, labelsFrom, joined, 0, length);
            labelsFrom = 0;
            labelsTo = length;
            labelsJoined = true;
        }
        ensureJoined(labelsTo + (end - start));
        System.arraycopy(buffer, start, joined, labelsTo, end - start);
        labelsTo += end - start;
    }

    private void ensureJoined(int size) {
        if (size > joined.length) {
            joined = Arrays.copyOf(joined, Math.max(size, joined.length * 2));
        }
    }

    private void decodeSamples(int from, int to, SeriesRef ref) {
        cursor.moveTo(from);
        while (cursor.position() < to) {
            int tag = cursor.readTag(to);
            if (tag != (FIELD_SAMPLES << 3 | ProtoCursor.WIRE_LENGTH)) {
                cursor.skip(tag, to);
                continue;
            }
            int end = cursor.readLength(to) + cursor.position();
            long bits = 0;
            long timestamp = 0;
            while (cursor.position() < end) {
                int part = cursor.readTag(end);
                if (part == TAG_VALUE) {
                    bits = cursor.readFixed64(end);
                } else if (part == TAG_TIMESTAMP) {
                    timestamp = cursor.readVarint(end);
                } else {
                    cursor.skip(part, end);
                }
            }
            if (timestamp <= latestMillis && timestamp >= earliestMillis) {
                batch.add(ref, timestamp, Double.longBitsToDouble(bits));
            } else {
                refuseTime(timestamp, ref);
            }
        }
    }

    private void refuseTime(long timestamp, SeriesRef ref) {
        Reason reason = timestamp < TIME_MILLIS_MIN || timestamp > TIME_MILLIS_MAX
                ? Reason.TIME_OUT_OF_RANGE
                : timestamp > latestMillis ? Reason.TOO_FAR_IN_FUTURE : Reason.TOO_OLD;
        if (refusals.addKnown(reason)) {
            return;
        }
        String sample = "a sample at " + timestamp + " ms of " + ref.labels();
        refusals.add(
                reason,
                1,
                switch (reason) {
                    case TIME_OUT_OF_RANGE ->
                        sample + " is outside the years 1 to 9999; timestamps are milliseconds since 1970";
                    case TOO_FAR_IN_FUTURE ->
                        sample + " is more than ingest-remote-write-future-millis-max=" + limits.futureMillisMax()
                                + " ahead of this machine's clock; check the clocks";
                    case TOO_OLD ->
                        sample + " is older than ingest-remote-write-age-millis-max=" + limits.ageMillisMax();
                    case INVALID_LABELS, LABEL_LIMIT, NATIVE_HISTOGRAM, METADATA ->
                        throw new IllegalStateException("not about time: " + reason);
                });
    }
}
