package io.weir.lake.store;

/**
 * How to reach S3 or a server that speaks its protocol. Empty texts mean "not given".
 *
 * @param endpoint URL of the server; empty for Amazon's own
 * @param region empty for what the AWS environment says, else for instance {@code eu-central-1}
 * @param pathStyle whether the bucket stands in the path instead of the host name, as most other servers want it
 * @param accessKeyId empty for the AWS default chain: environment, profile, instance or pod identity
 * @param attemptsMax tries of a call, the first included
 * @param connectTimeoutMillis longest wait for a connection
 * @param socketTimeoutMillis longest wait for bytes
 * @param callTimeoutMillis longest call with all its tries
 * @param connectionsMax most calls at a time; more wait as long as a call may take
 */
public record S3Settings(
        String endpoint,
        String region,
        boolean pathStyle,
        String accessKeyId,
        String secretAccessKey,
        String sessionToken,
        int attemptsMax,
        long connectTimeoutMillis,
        long socketTimeoutMillis,
        long callTimeoutMillis,
        int connectionsMax) {
    public static final S3Settings DEFAULT = of("", "", false, "", "");

    public S3Settings {
        if (attemptsMax < 1
                || connectTimeoutMillis < 1
                || socketTimeoutMillis < 1
                || callTimeoutMillis < 1
                || connectionsMax < 1) {
            throw new IllegalArgumentException("every limit of S3 must be positive");
        }
        if (accessKeyId.isEmpty() != secretAccessKey.isEmpty()) {
            throw new IllegalArgumentException("give both the access key and the secret key of S3, or neither");
        }
    }

    public static S3Settings of(
            String endpoint, String region, boolean pathStyle, String accessKeyId, String secretAccessKey) {
        return new S3Settings(
                endpoint, region, pathStyle, accessKeyId, secretAccessKey, "", 4, 5_000, 30_000, 300_000, 32);
    }

    @Override
    public String toString() {
        return "S3Settings[endpoint " + (endpoint.isEmpty() ? "AWS" : endpoint) + ", region "
                + (region.isEmpty() ? "default" : region) + ", at most " + attemptsMax + " attempts]";
    }
}
