package io.weir.lake.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;

/** Opens object stores by their URI. */
public final class ObjectStores {
    private static final String S3 = "s3://";
    private static final String FILE = "file:";

    private ObjectStores() {}

    /**
     * Opens the store the URI names; the caller closes it.
     *
     * @throws IllegalArgumentException if the URI is none of the known kinds
     * @throws IOException if a local folder cannot be created
     */
    public static ObjectStore open(LakeSettings settings) throws IOException {
        String uri = settings.uri();
        if (uri.startsWith(S3)) {
            String rest = uri.substring(S3.length());
            int slash = rest.indexOf('/');
            String bucket = slash < 0 ? rest : rest.substring(0, slash);
            String prefix = slash < 0 ? "" : rest.substring(slash + 1).replaceAll("/+$", "");
            if (bucket.isEmpty()) {
                throw unknown(uri);
            }
            return new S3ObjectStore(bucket, prefix, settings.s3());
        } else if (uri.startsWith(FILE)) {
            return new LocalObjectStore(folder(uri));
        } else if (uri.startsWith("/")) {
            return new LocalObjectStore(Path.of(uri));
        }
        throw unknown(uri);
    }

    private static Path folder(String uri) {
        try {
            return Path.of(URI.create(uri));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(unknown(uri).getMessage(), e);
        }
    }

    private static IllegalArgumentException unknown(String uri) {
        return new IllegalArgumentException(
                "the lake's place \"" + uri + "\" is not one of /folder, file:///folder, s3://bucket/prefix");
    }
}
