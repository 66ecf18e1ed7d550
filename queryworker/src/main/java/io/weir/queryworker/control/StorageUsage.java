package io.weir.queryworker.control;

/** How much disk the worker uses, for the status that APIs see. Thread-safe and quick. */
public interface StorageUsage {
    /** Knows nothing and says 0. */
    StorageUsage UNKNOWN = new StorageUsage() {
        @Override
        public long cacheBytes() {
            return 0;
        }

        @Override
        public long spoolBytes() {
            return 0;
        }

        @Override
        public void reportFull() {}
    };

    long cacheBytes();

    long spoolBytes();

    /** A piece of work found the disk full: look at it before its failure is told, so that it does not come back at once. */
    void reportFull();
}
