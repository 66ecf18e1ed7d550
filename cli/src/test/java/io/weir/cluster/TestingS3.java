package io.weir.cluster;

import java.net.URI;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** An S3 server of another make, with one bucket, in the test's process. */
final class TestingS3 implements AutoCloseable {
    private static final String ID = "id";
    private static final String SECRET = "secret";

    private final S3Proxy server;

    private TestingS3(S3Proxy server) {
        this.server = server;
    }

    static TestingS3 start() throws Exception {
        S3Proxy server = S3Proxy.builder()
                .blobStore(new TransientNio2BlobStore())
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ID, SECRET)
                .build();
        server.start();
        try (S3Client client = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .endpointOverride(URI.create("http://127.0.0.1:" + server.getPort()))
                .region(Region.US_EAST_1)
                .forcePathStyle(true)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(ID, SECRET)))
                .build()) {
            client.createBucket(request -> request.bucket("weir"));
        }
        return new TestingS3(server);
    }

    int port() {
        return server.getPort();
    }

    /** What a process needs on its command line to use it. */
    String[] lakeOptions() {
        return lakeOptions(server.getPort());
    }

    /** What a process needs on its command line to use it through a proxy on this port. */
    String[] lakeOptions(int port) {
        return new String[] {
            "--lake",
            "s3://weir/metrics",
            "--s3-endpoint",
            "http://127.0.0.1:" + port,
            "--s3-region",
            "us-east-1",
            "--s3-path-style",
            "true",
            "--s3-access-key-id",
            ID,
            "--s3-secret-access-key",
            SECRET
        };
    }

    @Override
    public void close() throws Exception {
        server.stop();
    }
}
