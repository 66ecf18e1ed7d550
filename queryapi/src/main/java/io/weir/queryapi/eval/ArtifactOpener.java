package io.weir.queryapi.eval;

import io.weir.lake.artifact.ArtifactCursor;
import java.nio.file.Path;

/** Opens fetched artifacts. */
public interface ArtifactOpener {
    /**
     * A cursor before the first row.
     *
     * @throws io.weir.lake.artifact.CorruptArtifactException if the file is no valid artifact
     */
    ArtifactCursor open(Path file);
}
