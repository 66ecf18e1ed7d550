package io.weir.lake.store;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Objects in an S3 bucket, below a prefix. */
public final class S3ObjectStore implements ObjectStore {
    private static final int PAGE_KEYS_MAX = 1000;
    private static final int NOT_FOUND = 404;

    private final S3Client client;
    private final String bucket;
    private final String prefix;
    private final Semaphore calls;
    private final long callTimeoutMillis;

    /**
     * @param prefix of every key, without slashes at its ends; may be empty
     */
    public S3ObjectStore(String bucket, String prefix, S3Settings settings) {
        this.bucket = bucket;
        this.prefix = prefix.isEmpty() ? "" : ObjectKeys.check(prefix) + "/";
        this.calls = new Semaphore(settings.connectionsMax(), true);
        this.callTimeoutMillis = settings.callTimeoutMillis();
        this.client = client(settings);
    }

    private static S3Client client(S3Settings settings) {
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(Duration.ofMillis(settings.connectTimeoutMillis()))
                        .socketTimeout(Duration.ofMillis(settings.socketTimeoutMillis())))
                .credentialsProvider(credentials(settings))
                .forcePathStyle(settings.pathStyle())
                // Weir checks its own SHA-256; many servers do not know the newer checksum headers.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .overrideConfiguration(configuration -> configuration
                        .apiCallTimeout(Duration.ofMillis(settings.callTimeoutMillis()))
                        .retryStrategy(strategy -> strategy.maxAttempts(settings.attemptsMax())));
        if (!settings.endpoint().isEmpty()) {
            builder.endpointOverride(URI.create(settings.endpoint()));
        }
        if (!settings.region().isEmpty()) {
            builder.region(Region.of(settings.region()));
        } else if (!settings.endpoint().isEmpty()) {
            // Other servers ignore the region, but a signature needs one.
            builder.region(Region.US_EAST_1);
        }
        return builder.build();
    }

    private static AwsCredentialsProvider credentials(S3Settings settings) {
        if (settings.accessKeyId().isEmpty()) {
            return DefaultCredentialsProvider.builder().build();
        }
        AwsCredentials credentials = settings.sessionToken().isEmpty()
                ? AwsBasicCredentials.create(settings.accessKeyId(), settings.secretAccessKey())
                : AwsSessionCredentials.create(
                        settings.accessKeyId(), settings.secretAccessKey(), settings.sessionToken());
        return StaticCredentialsProvider.create(credentials);
    }

    @FunctionalInterface
    private interface Call<T> {
        T run() throws IOException;
    }

    private <T> T call(String what, String key, Call<T> call) throws IOException {
        try {
            if (!calls.tryAcquire(callTimeoutMillis, TimeUnit.MILLISECONDS)) {
                throw new IOException("cannot " + what + " " + this + "/" + key + ": " + callTimeoutMillis
                        + " ms passed without a free connection; raise the limit of connections");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted before S3 was called");
        }
        try {
            return call.run();
        } catch (NoSuchBucketException e) {
            throw new IOException("there is no bucket " + bucket + ": create it or give another", e);
        } catch (S3Exception e) {
            if (e.statusCode() == NOT_FOUND) {
                NoSuchFileException missing = new NoSuchFileException(key);
                missing.initCause(e);
                throw missing;
            }
            throw failed(what, key, e);
        } catch (SdkException e) {
            throw failed(what, key, e);
        } finally {
            calls.release();
        }
    }

    private IOException failed(String what, String key, SdkException e) {
        return new IOException("cannot " + what + " " + this + "/" + key + ": " + e.getMessage(), e);
    }

    @Override
    public void put(String key, Path file) throws IOException {
        String full = prefix + ObjectKeys.check(key);
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        call(
                "write",
                key,
                () -> client.putObject(request -> request.bucket(bucket).key(full), RequestBody.fromFile(file)));
    }

    @Override
    public void get(String key, Path file) throws IOException {
        String full = prefix + ObjectKeys.check(key);
        PartialFile.create(file, partial -> {
            GetObjectResponse response = call(
                    "read",
                    key,
                    () -> client.getObject(request -> request.bucket(bucket).key(full), partial));
            Long length = response.contentLength();
            if (length != null && length != Files.size(partial)) {
                throw new IOException(
                        "read " + Files.size(partial) + " of " + length + " bytes of " + this + "/" + key);
            }
        });
    }

    @Override
    public boolean exists(String key) throws IOException {
        String full = prefix + ObjectKeys.check(key);
        try {
            call(
                    "look up",
                    key,
                    () -> client.headObject(request -> request.bucket(bucket).key(full)));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public void delete(String key) throws IOException {
        String full = prefix + ObjectKeys.check(key);
        try {
            call(
                    "delete",
                    key,
                    () -> client.deleteObject(request -> request.bucket(bucket).key(full)));
        } catch (NoSuchFileException e) {
            return; // Some servers say so when it is gone already.
        }
    }

    @Override
    public List<String> list(String keyPrefix, int limit) throws IOException {
        List<String> keys = new ArrayList<>();
        String token = null;
        while (keys.size() < limit) {
            ListObjectsV2Request request = ListObjectsV2Request.builder()
                    .bucket(bucket)
                    .prefix(prefix + keyPrefix)
                    .maxKeys(Math.min(limit - keys.size(), PAGE_KEYS_MAX))
                    .continuationToken(token)
                    .build();
            ListObjectsV2Response page = call("list", keyPrefix, () -> client.listObjectsV2(request));
            for (S3Object object : page.contents()) {
                if (keys.size() < limit) {
                    keys.add(object.key().substring(prefix.length()));
                }
            }
            token = page.nextContinuationToken();
            if (!Boolean.TRUE.equals(page.isTruncated()) || token == null) {
                return keys;
            }
        }
        return keys;
    }

    @Override
    public void close() {
        client.close();
    }

    @Override
    public String toString() {
        return "s3://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix.substring(0, prefix.length() - 1));
    }
}
