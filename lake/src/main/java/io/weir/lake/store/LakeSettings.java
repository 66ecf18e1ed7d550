package io.weir.lake.store;

/**
 * Where the lake's objects lie.
 *
 * @param uri {@code /folder}, {@code file:///folder} or {@code s3://bucket/prefix}
 * @param s3 used for {@code s3://} only
 */
public record LakeSettings(String uri, S3Settings s3) {
    public static LakeSettings of(String uri) {
        return new LakeSettings(uri, S3Settings.DEFAULT);
    }
}
