package io.weir.lake.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** The contract for S3, against a server of another make in this process. */
final class S3ObjectStoreTest extends ObjectStoreContract {
    private static final String ID = "id";
    private static final String SECRET = "secret";
    private static final AtomicInteger PREFIXES = new AtomicInteger();

    @SuppressWarnings("NullAway.Init")
    private static S3Proxy server;

    @BeforeAll
    static void start() throws Exception {
        server = S3Proxy.builder()
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
            client.createBucket(request -> request.bucket("bucket"));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        server.stop();
    }

    private static S3Settings settings(String secret) {
        return S3Settings.of("http://127.0.0.1:" + server.getPort(), "", true, ID, secret);
    }

    @Override
    ObjectStore open() throws IOException {
        return ObjectStores.open(
                new LakeSettings("s3://bucket/some/prefix" + PREFIXES.incrementAndGet(), settings(SECRET)));
    }

    @Test
    void storesBelowItsPrefixOnly() throws IOException {
        Files.write(folder.resolve("f"), new byte[] {7});
        store.put("k", folder.resolve("f"));
        try (ObjectStore whole = ObjectStores.open(new LakeSettings("s3://bucket", settings(SECRET)))) {
            assertThat(whole.list("", 1000)).contains("some/prefix" + PREFIXES.get() + "/k");
        }
        assertThat(store.localFile("k")).isEmpty();
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        Path copy = folder.resolve("copy");
        try (ObjectStore other = ObjectStores.open(new LakeSettings("s3://nobucket/p", settings(SECRET)))) {
            assertThatThrownBy(() -> other.get("k", copy))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(NoSuchFileException.class)
                    .hasMessageContaining("no bucket nobucket");
        }
        try (ObjectStore other = ObjectStores.open(new LakeSettings("s3://bucket/p", settings("wrong")))) {
            assertThatThrownBy(() -> other.get("k", copy))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(NoSuchFileException.class)
                    .hasMessageContaining("s3://bucket/p/k");
        }
        S3Settings nowhere = new S3Settings("http://127.0.0.1:1", "", true, ID, SECRET, "", 2, 200, 200, 2_000, 1);
        try (ObjectStore other = ObjectStores.open(new LakeSettings("s3://bucket/p", nowhere))) {
            assertThatThrownBy(() -> other.exists("k")).isInstanceOf(IOException.class);
        }
    }
}
