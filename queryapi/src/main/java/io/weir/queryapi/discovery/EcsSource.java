package io.weir.queryapi.discovery;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.EcsClientBuilder;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.DesiredStatus;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.ListTasksRequest;
import software.amazon.awssdk.services.ecs.model.ListTasksResponse;
import software.amazon.awssdk.services.ecs.model.NetworkInterface;
import software.amazon.awssdk.services.ecs.model.Task;

/**
 * The running tasks of an ECS service, by the private address of their network interface. A task that is told to stop is not
 * named any more; the stream to it lives until it ends.
 */
final class EcsSource implements PollingDiscovery.Source {
    /** As many as ECS takes at a time, for both calls. */
    private static final int BATCH = 100;

    private static final int PAGES_MAX = 100;
    private static final String RUNNING = "RUNNING";

    private final EcsTarget target;
    private final EcsClient client;

    /** @param client closed with the source */
    EcsSource(EcsTarget target, EcsClient client) {
        this.target = target;
        this.client = client;
    }

    /**
     * A client for the region and endpoint of the settings.
     *
     * @param credentials null for those of the environment: the task's role on ECS
     */
    static EcsClient connect(DiscoverySettings settings, @Nullable AwsCredentialsProvider credentials) {
        Duration limit = Duration.ofMillis(settings.requestMillisMax());
        EcsClientBuilder builder = EcsClient.builder()
                .httpClient(UrlConnectionHttpClient.builder()
                        .connectionTimeout(limit)
                        .socketTimeout(limit)
                        .build())
                .overrideConfiguration(configuration -> configuration.apiCallTimeout(limit));
        if (!settings.ecsRegion().isEmpty()) {
            builder.region(Region.of(settings.ecsRegion()));
        }
        if (!settings.ecsEndpoint().isEmpty()) {
            builder.endpointOverride(URI.create(settings.ecsEndpoint()));
        }
        if (credentials != null) {
            builder.credentialsProvider(credentials);
        }
        try {
            return builder.build();
        } catch (SdkException unusable) {
            throw new IllegalArgumentException(
                    "the ECS API cannot be reached from here: " + unusable.getMessage()
                            + "; set discovery-ecs-region or AWS_REGION",
                    unusable);
        }
    }

    @Override
    public Set<WorkerAddress> find() throws DiscoveryException {
        try {
            List<String> tasks = tasks();
            Set<WorkerAddress> found = new TreeSet<>();
            for (int start = 0; start < tasks.size(); start += BATCH) {
                List<String> batch = tasks.subList(start, Math.min(tasks.size(), start + BATCH));
                // Tasks that ended since they were listed come back as failures, and are gone.
                for (Task task : client.describeTasks(
                                request -> request.cluster(target.cluster()).tasks(batch))
                        .tasks()) {
                    address(task).ifPresent(found::add);
                }
            }
            return found;
        } catch (AwsServiceException refused) {
            throw new DiscoveryException("ECS answers " + code(refused), refused);
        } catch (SdkException failure) {
            throw new DiscoveryException("ECS cannot be asked: " + failure.getMessage(), failure);
        }
    }

    private static String code(AwsServiceException refused) {
        String code = refused.awsErrorDetails() == null
                ? null
                : refused.awsErrorDetails().errorCode();
        return code == null ? "status " + refused.statusCode() : code;
    }

    private List<String> tasks() throws DiscoveryException {
        List<String> tasks = new ArrayList<>();
        ListTasksRequest.Builder request = ListTasksRequest.builder()
                .cluster(target.cluster())
                .serviceName(target.service())
                .desiredStatus(DesiredStatus.RUNNING)
                .maxResults(BATCH);
        for (int page = 0; page < PAGES_MAX; page++) {
            ListTasksResponse response = client.listTasks(request.build());
            tasks.addAll(response.taskArns());
            if (response.nextToken() == null || response.nextToken().isEmpty()) {
                return tasks;
            }
            request.nextToken(response.nextToken());
        }
        String reason = "ECS lists more than " + PAGES_MAX * BATCH + " tasks of the service";
        throw new DiscoveryException(reason, new IllegalStateException(reason));
    }

    private Optional<WorkerAddress> address(Task task) {
        if (!RUNNING.equals(task.lastStatus()) || !RUNNING.equals(task.desiredStatus())) {
            return Optional.empty();
        }
        List<String> candidates = new ArrayList<>();
        List<NetworkInterface> interfaces = new ArrayList<>();
        for (Container container : task.containers()) {
            interfaces.addAll(container.networkInterfaces());
        }
        interfaces.forEach(each -> candidates.add(each.privateIpv4Address()));
        candidates.add(ofAttachment(task, "privateIPv4Address"));
        interfaces.forEach(each -> candidates.add(each.ipv6Address()));
        candidates.add(ofAttachment(task, "ipv6Address"));
        return candidates.stream()
                .filter(address -> address != null && !address.isBlank())
                .findFirst()
                .map(address -> new WorkerAddress(address, target.port()));
    }

    /** Empty if there is none. */
    private static String ofAttachment(Task task, String detail) {
        for (Attachment attachment : task.attachments()) {
            for (KeyValuePair pair : attachment.details()) {
                if (detail.equalsIgnoreCase(pair.name()) && pair.value() != null) {
                    return pair.value();
                }
            }
        }
        return "";
    }

    @Override
    public void close() {
        client.close();
    }
}
