package io.weir.lake.artifact;

/** An artifact's bytes are not what its worker announced or no artifact at all. */
public final class CorruptArtifactException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CorruptArtifactException(String message) {
        super(message);
    }

    public CorruptArtifactException(String message, Throwable cause) {
        super(message, cause);
    }
}
