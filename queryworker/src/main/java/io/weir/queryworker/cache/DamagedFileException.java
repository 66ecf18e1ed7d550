package io.weir.queryworker.cache;

import java.io.IOException;

/** A file is not the object that the catalog describes. */
final class DamagedFileException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedFileException(String message) {
        super(message);
    }
}
