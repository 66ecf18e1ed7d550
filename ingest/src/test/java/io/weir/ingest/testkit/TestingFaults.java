package io.weir.ingest.testkit;

import io.weir.lake.catalog.CompactionGroup;
import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.catalog.Job;
import io.weir.lake.catalog.MetricMetadata;
import io.weir.lake.catalog.NewSegment;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.segment.SegmentMeta;
import io.weir.lake.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A catalog and a store that pass everything on to real ones, and fail where a test says. */
public final class TestingFaults {
    /** How a call of the catalog fails. */
    public enum Fault {
        /** It works. */
        NONE,
        /** It does nothing and fails. */
        BEFORE,
        /** It does its work, and the answer is lost. */
        AFTER
    }

    private final IngestCatalog catalog;
    private final ObjectStore store;

    public volatile Fault commitFlush = Fault.NONE;
    public volatile Fault replace = Fault.NONE;

    /** So many uploads fail. */
    public final AtomicInteger failingPuts = new AtomicInteger();

    /** Uploads wait for this. */
    public volatile @Nullable CountDownLatch putGate;

    public TestingFaults(IngestCatalog catalog, ObjectStore store) {
        this.catalog = catalog;
        this.store = store;
    }

    private static void inject(Fault wanted, Fault now) {
        if (wanted == now) {
            throw new DatabaseUnavailableException("injected", new IOException("injected"));
        }
    }

    public ObjectStore store() {
        return new ObjectStore() {
            @Override
            public void put(String key, Path file) throws IOException {
                CountDownLatch gate = putGate;
                if (gate != null) {
                    try {
                        gate.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new IOException("interrupted", e);
                    }
                }
                if (failingPuts.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    throw new IOException("injected: the store is away");
                }
                store.put(key, file);
            }

            @Override
            public void get(String key, Path file) throws IOException {
                store.get(key, file);
            }

            @Override
            public boolean exists(String key) throws IOException {
                return store.exists(key);
            }

            @Override
            public void delete(String key) throws IOException {
                store.delete(key);
            }

            @Override
            public List<String> list(String prefix, int limit) throws IOException {
                return store.list(prefix, limit);
            }

            // No local files: so that downloads are exercised, too.

            @Override
            public void close() {}
        };
    }

    public IngestCatalog catalog() {
        return new IngestCatalog() {
            @Override
            public void commitFlush(String ingesterId, long walPosition, List<NewSegment> segments) {
                inject(Fault.BEFORE, commitFlush);
                catalog.commitFlush(ingesterId, walPosition, segments);
                inject(Fault.AFTER, commitFlush);
            }

            @Override
            public long flushedPosition(String ingesterId) {
                return catalog.flushedPosition(ingesterId);
            }

            @Override
            public boolean replace(String tenant, Set<String> removedIds, List<NewSegment> added) {
                inject(Fault.BEFORE, replace);
                boolean replaced = catalog.replace(tenant, removedIds, added);
                inject(Fault.AFTER, replace);
                return replaced;
            }

            @Override
            public int expire(String tenant, long maxTimeBeforeMillis) {
                return catalog.expire(tenant, maxTimeBeforeMillis);
            }

            @Override
            public void upsertMetadata(String tenant, List<MetricMetadata> metadata) {
                catalog.upsertMetadata(tenant, metadata);
            }

            @Override
            public List<String> tenants() {
                return catalog.tenants();
            }

            @Override
            public List<CompactionGroup> compactionGroups(int segmentsMin, int groupsMax) {
                return catalog.compactionGroups(segmentsMin, groupsMax);
            }

            @Override
            public List<SegmentMeta> compactionCandidates(String tenant, long dayStartMillis, int level, int limit) {
                return catalog.compactionCandidates(tenant, dayStartMillis, level, limit);
            }

            @Override
            public List<SegmentMeta> garbage(long graceMillis, int limit) {
                return catalog.garbage(graceMillis, limit);
            }

            @Override
            public void forget(Collection<String> segmentIds) {
                catalog.forget(segmentIds);
            }

            @Override
            public boolean enqueue(String kind, String tenant, String key, String payload) {
                return catalog.enqueue(kind, tenant, key, payload);
            }

            @Override
            public Optional<Job> claim(String kind, String owner, long leaseMillis) {
                return catalog.claim(kind, owner, leaseMillis);
            }

            @Override
            public boolean renew(Job job, long leaseMillis) {
                return catalog.renew(job, leaseMillis);
            }

            @Override
            public boolean complete(Job job) {
                return catalog.complete(job);
            }

            @Override
            public boolean fail(Job job, String error) {
                return catalog.fail(job, error);
            }
        };
    }
}
