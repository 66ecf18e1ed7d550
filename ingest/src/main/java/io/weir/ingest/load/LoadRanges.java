package io.weir.ingest.load;

/** Checks numbers in settings. */
final class LoadRanges {
    private LoadRanges() {}

    static void require(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " must be between " + least + " and " + most + ", but is " + value);
        }
    }
}
