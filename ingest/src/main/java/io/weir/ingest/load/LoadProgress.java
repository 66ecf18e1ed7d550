package io.weir.ingest.load;

/** Hears how far a load has come. Called on the loading thread after each batch; must return soon. */
@FunctionalInterface
public interface LoadProgress {
    /**
     * @param bytes bytes of text read
     * @param samples samples read
     */
    void advanced(long bytes, long samples);
}
