package io.weir.queryapi.eval;

import io.weir.lake.artifact.ArtifactCursor;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.Annotations;
import io.weir.queryapi.workmanager.WorkManager.FetchedArtifact;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open cursors of one leaf's artifacts in the order of its units; closing it closes them and deletes the files. */
final class FetchedCursors implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FetchedCursors.class);

    private final List<FetchedArtifact> artifacts;
    private final List<ArtifactCursor> cursors = new ArrayList<>();
    private boolean closed;

    /** Takes the artifacts over, also when opening one of them fails. */
    FetchedCursors(List<FetchedArtifact> artifacts, ArtifactOpener opener) {
        this.artifacts = artifacts;
        try {
            for (FetchedArtifact artifact : artifacts) {
                cursors.add(opener.open(artifact.file()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    List<ArtifactCursor> list() {
        return cursors;
    }

    List<Annotation> annotations() {
        Annotations all = new Annotations();
        cursors.forEach(cursor -> all.addAll(cursor.annotations()));
        return all.list();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (ArtifactCursor cursor : cursors) {
            try {
                cursor.close();
            } catch (RuntimeException e) {
                LOG.warn("cannot close an artifact: {}", e.toString());
            }
        }
        artifacts.forEach(FetchedArtifact::delete);
    }
}
