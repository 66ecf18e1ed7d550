package io.weir.queryworker.cache;

import io.weir.lake.segment.SeriesIndex;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Series indexes by content, least recently used ones leaving when their bytes pass the limit. Thread-safe. */
final class IndexMemory {
    private final long bytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, SeriesIndex> indexes = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    IndexMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    @Nullable
    SeriesIndex get(String contentId) {
        lock.lock();
        try {
            return indexes.get(contentId);
        } finally {
            lock.unlock();
        }
    }

    void put(String contentId, SeriesIndex index) {
        lock.lock();
        try {
            if (index.sizeBytes() > bytesMax || indexes.containsKey(contentId)) {
                return;
            }
            indexes.put(contentId, index);
            bytes += index.sizeBytes();
            Iterator<SeriesIndex> eldest = indexes.values().iterator();
            while (bytes > bytesMax) {
                bytes -= eldest.next().sizeBytes();
                eldest.remove();
            }
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
