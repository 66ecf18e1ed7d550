package io.weir.ingest.load;

/** Hears, on the thread that loads, how far it has come; the last call has everything sent. */
@FunctionalInterface
public interface ProgressListener {
    ProgressListener NONE = progress -> {};

    void onProgress(LoadProgress progress);
}
