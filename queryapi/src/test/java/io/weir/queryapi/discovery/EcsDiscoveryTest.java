package io.weir.queryapi.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** The AWS client against a server that speaks the ECS API's JSON 1.1 protocol. */
final class EcsDiscoveryTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PAGE = 30;

    /** A task of the stub. */
    private record Task(String lastStatus, String desiredStatus, String ipv4, String ipv6, boolean byAttachment) {}

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<Set<WorkerAddress>> told = new CopyOnWriteArrayList<>();
    private final Map<String, Task> tasks = new ConcurrentHashMap<>();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final List<String> authorizations = new CopyOnWriteArrayList<>();
    private final List<String> protocolErrors = new CopyOnWriteArrayList<>();
    private final AtomicInteger throttles = new AtomicInteger();
    private final AtomicInteger refusals = new AtomicInteger();
    private volatile boolean silent;
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(task -> Thread.ofVirtual().start(task));
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        if (!exchange.getRequestMethod().equals("POST") || !"application/x-amz-json-1.1".equals(type)) {
            protocolErrors.add(exchange.getRequestMethod() + " " + type);
        }
        authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        calls.add(String.valueOf(target));
        JsonNode request = JSON.readTree(exchange.getRequestBody());
        if (silent) {
            // The client gives up; the exchange is ended with the server.
            return;
        }
        if (throttles.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            reply(exchange, 400, error("ThrottlingException", "Rate exceeded"));
        } else if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            reply(exchange, 400, error("ClusterNotFoundException", "Cluster not found."));
        } else if ("AmazonEC2ContainerServiceV20141113.ListTasks".equals(target)) {
            reply(exchange, 200, listTasks(request));
        } else if ("AmazonEC2ContainerServiceV20141113.DescribeTasks".equals(target)) {
            reply(exchange, 200, describeTasks(request));
        } else {
            protocolErrors.add(String.valueOf(target));
            reply(exchange, 400, error("InvalidParameterException", "unknown operation"));
        }
    }

    private static ObjectNode error(String type, String message) {
        return JSON.createObjectNode().put("__type", type).put("message", message);
    }

    private static void reply(HttpExchange exchange, int status, ObjectNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private ObjectNode listTasks(JsonNode request) {
        if (!request.path("cluster").asText().equals("prod")
                || !request.path("serviceName").asText().equals("worker")
                || !request.path("desiredStatus").asText().equals("RUNNING")) {
            protocolErrors.add("ListTasks " + request);
        }
        List<String> arns = new TreeMap<>(tasks)
                .entrySet().stream()
                        .filter(each -> each.getValue().desiredStatus().equals("RUNNING"))
                        .map(Map.Entry::getKey)
                        .toList();
        int start = request.path("nextToken").asInt(0);
        int end = Math.min(arns.size(), start + PAGE);
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode list = answer.putArray("taskArns");
        arns.subList(Math.min(start, end), end).forEach(list::add);
        if (end < arns.size()) {
            answer.put("nextToken", Integer.toString(end));
        }
        return answer;
    }

    private ObjectNode describeTasks(JsonNode request) {
        JsonNode arns = request.path("tasks");
        if (arns.size() > 100 || arns.isEmpty()) {
            protocolErrors.add("DescribeTasks of " + arns.size());
        }
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode described = answer.putArray("tasks");
        ArrayNode failures = answer.putArray("failures");
        for (JsonNode arn : arns) {
            Task task = tasks.get(arn.asText());
            if (task == null) {
                failures.addObject().put("arn", arn.asText()).put("reason", "MISSING");
            } else {
                describe(described.addObject(), arn.asText(), task);
            }
        }
        return answer;
    }

    private static void describe(ObjectNode node, String arn, Task task) {
        node.put("taskArn", arn).put("lastStatus", task.lastStatus()).put("desiredStatus", task.desiredStatus());
        ObjectNode attachment = node.putArray("attachments").addObject();
        attachment.put("type", "ElasticNetworkInterface").put("status", "ATTACHED");
        ArrayNode details = attachment.putArray("details");
        details.addObject().put("name", "macAddress").put("value", "0a:00:00:00:00:01");
        ObjectNode container = node.putArray("containers").addObject().put("name", "worker");
        ArrayNode interfaces = container.putArray("networkInterfaces");
        if (task.byAttachment()) {
            details.addObject().put("name", "privateIPv4Address").put("value", task.ipv4());
        } else {
            ObjectNode eni = interfaces.addObject().put("attachmentId", "eni");
            if (!task.ipv4().isEmpty()) {
                eni.put("privateIpv4Address", task.ipv4());
            }
            if (!task.ipv6().isEmpty()) {
                eni.put("ipv6Address", task.ipv6());
            }
        }
    }

    private PollingDiscovery discover() {
        return discover(30_000);
    }

    private PollingDiscovery discover(long requestMillisMax) {
        DiscoverySettings settings = new DiscoverySettings(
                20,
                requestMillisMax,
                5,
                50,
                "eu-central-1",
                "http://127.0.0.1:" + server.getAddress().getPort());
        EcsSource source = new EcsSource(
                EcsTarget.parse("prod/worker:8082"),
                EcsSource.connect(
                        settings, StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret"))));
        PollingDiscovery discovery = new PollingDiscovery(
                "ecs",
                source,
                settings,
                new DiscoveryReport("ecs", "ecs:prod/worker:8082", registry, System::nanoTime),
                new SplittableRandom(1));
        discovery.start(told::add);
        return discovery;
    }

    private void running(String arn, String ipv4) {
        tasks.put(arn, new Task("RUNNING", "RUNNING", ipv4, "", false));
    }

    private void awaitTold(String... hosts) {
        Set<WorkerAddress> expected = new TreeSet<>();
        for (String host : hosts) {
            expected.add(new WorkerAddress(host, 8082));
        }
        await().atMost(30, TimeUnit.SECONDS)
                .until(() -> !told.isEmpty() && told.getLast().equals(expected));
    }

    private double errors() {
        return registry.get("weir_discovery_errors_total").counter().count();
    }

    @Test
    void runningTasksAreFoundByTheAddressOfTheirInterface() {
        running("arn:a", "10.0.0.1");
        tasks.put("arn:b", new Task("RUNNING", "RUNNING", "10.0.0.2", "", true));
        tasks.put("arn:c", new Task("RUNNING", "RUNNING", "", "fd00::3", false));
        tasks.put("arn:d", new Task("RUNNING", "RUNNING", "10.0.0.4", "fd00::4", false));
        tasks.put("arn:e", new Task("PENDING", "RUNNING", "10.0.0.5", "", false));
        tasks.put("arn:f", new Task("RUNNING", "RUNNING", "", "", false));
        try (PollingDiscovery discovery = discover()) {
            awaitTold("10.0.0.1", "10.0.0.2", "fd00::3", "10.0.0.4");
            tasks.put("arn:a", new Task("RUNNING", "STOPPED", "10.0.0.1", "", false));
            awaitTold("10.0.0.2", "fd00::3", "10.0.0.4");
            tasks.remove("arn:b");
            running("arn:g", "10.0.0.7");
            awaitTold("fd00::3", "10.0.0.4", "10.0.0.7");
            tasks.clear();
            awaitTold();
        }
        assertThat(protocolErrors).isEmpty();
        assertThat(authorizations)
                .allSatisfy(value -> assertThat(value)
                        .startsWith("AWS4-HMAC-SHA256 Credential=key/")
                        .contains("/eu-central-1/ecs/"));
        assertThat(errors()).isZero();
    }

    @Test
    void manyTasksComeInPagesAndAreDescribedAHundredAtATime() {
        String[] hosts = new String[250];
        for (int i = 0; i < hosts.length; i++) {
            hosts[i] = "10.0." + i / 100 + "." + i % 100;
            running("arn:%03d".formatted(i), hosts[i]);
        }
        try (PollingDiscovery discovery = discover()) {
            awaitTold(hosts);
        }
        assertThat(protocolErrors).isEmpty();
        List<String> first = calls.subList(0, 12);
        assertThat(first.subList(0, 9)).allMatch(call -> call.endsWith("ListTasks"));
        assertThat(first.subList(9, 12)).allMatch(call -> call.endsWith("DescribeTasks"));
    }

    @Test
    void throttlingIsRetriedAndIfItLastsTheKnownSetStays() {
        running("arn:a", "10.0.0.1");
        try (TestingLog log = new TestingLog(DiscoveryReport.class);
                PollingDiscovery discovery = discover()) {
            awaitTold("10.0.0.1");
            throttles.set(1_000);
            await().atMost(30, TimeUnit.SECONDS).until(() -> errors() >= 2);
            assertThat(told).hasSize(1);
            throttles.set(0);
            running("arn:b", "10.0.0.2");
            awaitTold("10.0.0.1", "10.0.0.2");
            assertThat(log.warnings())
                    .hasSizeBetween(1, 2)
                    .allMatch(line -> line.contains("1 known addresses stay in use"));
        }
    }

    @Test
    void anErrorOfTheApiIsSaidByItsName() {
        refusals.set(3);
        running("arn:a", "10.0.0.1");
        try (TestingLog log = new TestingLog(DiscoveryReport.class);
                PollingDiscovery discovery = discover()) {
            awaitTold("10.0.0.1");
            assertThat(errors()).isEqualTo(3);
            assertThat(log.warnings())
                    .hasSize(1)
                    .allMatch(line -> line.contains("ECS answers ClusterNotFoundException"));
        }
    }

    @Test
    void anApiThatDoesNotAnswerIsGivenUpInTime() {
        running("arn:a", "10.0.0.1");
        silent = true;
        try (PollingDiscovery discovery = discover(3_000)) {
            await().atMost(30, TimeUnit.SECONDS).until(() -> errors() >= 1);
            silent = false;
            awaitTold("10.0.0.1");
        }
    }

    @Test
    void withoutARegionItIsSaidWhatToSet() {
        DiscoverySettings settings = new DiscoverySettings(20, 100, 5, 50, "", "http://127.0.0.1:1");
        if (System.getenv("AWS_REGION") == null) {
            System.setProperty("aws.disableEc2Metadata", "true");
            try {
                assertThatThrownBy(() -> EcsSource.connect(settings, null))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("set discovery-ecs-region");
            } finally {
                System.clearProperty("aws.disableEc2Metadata");
            }
        }
    }
}
