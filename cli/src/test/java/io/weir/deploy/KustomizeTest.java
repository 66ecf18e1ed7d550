package io.weir.deploy;

import static io.weir.deploy.TestingManifests.OVERLAYS;
import static io.weir.deploy.TestingManifests.container;
import static io.weir.deploy.TestingManifests.name;
import static io.weir.deploy.TestingManifests.pod;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.weir.cli.Main;
import io.weir.cli.command.EnvironmentDefaults;
import io.weir.queryapi.autoscale.AutoscaleSettings;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Every overlay renders, and what it renders fits the processes that run in it. Needs {@code kubectl}. */
@Tag("slow")
final class KustomizeTest {
    /** Variables of the launcher. */
    private static final Set<String> LAUNCHER = Set.of("WEIR_HEAP", "WEIR_JAVA_OPTS", "WEIR_LOG_LEVEL", "WEIR_DEBUG");

    /** After the drain, or the wait for queries and flushes, a process takes at most this long to close. */
    private static final long CLOSE_MILLIS_MAX = 10_000;

    private static final Map<String, TestingManifests> RENDERED = new TreeMap<>();

    @BeforeAll
    static void render() throws Exception {
        for (String overlay : OVERLAYS) {
            RENDERED.put(overlay, TestingManifests.render(overlay));
        }
    }

    private interface Check {
        void of(TestingManifests manifests, JsonNode workload, String which) throws Exception;
    }

    private static void forEachWorkload(Check check) throws Exception {
        for (Map.Entry<String, TestingManifests> overlay : RENDERED.entrySet()) {
            for (JsonNode workload : overlay.getValue().workloads()) {
                check.of(overlay.getValue(), workload, overlay.getKey() + " " + name(workload));
            }
        }
    }

    /** The command that a container runs, with the settings its environment gives, as the process would read them. */
    private static CommandSpec command(TestingManifests manifests, JsonNode workload) {
        JsonNode container = container(workload);
        CommandLine weir = Main.commandLine();
        weir.setDefaultValueProvider(new EnvironmentDefaults(manifests.environment(container)));
        List<String> arguments = new ArrayList<>();
        container.path("args").forEach(argument -> arguments.add(argument.asText()));
        return weir.parseArgs(arguments.toArray(String[]::new)).subcommand().commandSpec();
    }

    private static String setting(CommandSpec command, String option) {
        OptionSpec found = command.findOption(option);
        return String.valueOf(Objects.requireNonNull(found, option).<Object>getValue());
    }

    private static long number(CommandSpec command, String option) {
        return Long.parseLong(setting(command, option));
    }

    @Test
    void theEnvironmentIsOfRealSettingsAndIsReadWithoutAComplaint() throws Exception {
        forEachWorkload((manifests, workload, which) -> {
            CommandSpec command = command(manifests, workload);
            assertThat(command.name())
                    .isEqualTo(container(workload).path("args").get(0).asText());
            Set<String> known = new TreeSet<>(LAUNCHER);
            command.options().forEach(option -> known.add(EnvironmentDefaults.variableOf(option.longestName())));
            Map<String, String> environment = manifests.environment(container(workload));
            assertThat(known).as(which).containsAll(environment.keySet());
            assertThat(environment).as(which).containsKeys("WEIR_HEAP", "WEIR_DATA_DIR");
            assertThat(pod(workload).path("enableServiceLinks").asBoolean(true))
                    .as("%s: service links are variables beginning with WEIR_", which)
                    .isFalse();
        });
    }

    @Test
    void portsAndProbesAreThoseOfTheProcess() throws Exception {
        forEachWorkload((manifests, workload, which) -> {
            CommandSpec command = command(manifests, workload);
            JsonNode container = container(workload);
            Map<String, Long> ports = new TreeMap<>();
            container
                    .path("ports")
                    .forEach(port -> ports.put(
                            port.path("name").asText(),
                            port.path("containerPort").asLong()));
            assertThat(ports).as(which).containsEntry("http", number(command, "--http-port"));
            if (command.name().equals("worker")) {
                assertThat(ports).containsEntry("control", number(command, "--grpc-port"));
                assertThat(setting(command, "--advertised-host")).isEqualTo("10.1.2.3");
                assertThat(setting(command, "--listen-host")).isEqualTo("0.0.0.0");
            } else {
                assertThat(setting(command, "--http-host")).as(which).isEqualTo("0.0.0.0");
            }
            for (Map.Entry<String, String> probe : Map.of(
                            "startupProbe", "/livez", "livenessProbe", "/livez", "readinessProbe", "/readyz")
                    .entrySet()) {
                JsonNode get = container.path(probe.getKey()).path("httpGet");
                assertThat(get.path("path").asText())
                        .as("%s %s", which, probe.getKey())
                        .isEqualTo(probe.getValue());
                assertThat(get.path("port").asText())
                        .as("%s %s", which, probe.getKey())
                        .isEqualTo("http");
            }
            JsonNode annotations =
                    workload.path("spec").path("template").path("metadata").path("annotations");
            assertThat(annotations.path("prometheus.io/port").asLong()).isEqualTo(number(command, "--http-port"));
            assertThat(annotations.path("prometheus.io/path").asText()).isEqualTo("/metrics");
        });
    }

    @Test
    void nobodyIsKilledBeforeItsTimeToEndIsOver() throws Exception {
        forEachWorkload((manifests, workload, which) -> {
            CommandSpec command = command(manifests, workload);
            long preStopMillis = 0;
            for (JsonNode word : container(workload).at("/lifecycle/preStop/exec/command")) {
                if (word.asText().matches("\\d+")) {
                    preStopMillis = 1_000 * word.asLong();
                }
            }
            long endMillis = switch (command.name()) {
                case "worker" -> number(command, "--worker-drain-millis-max");
                case "api" -> number(command, "--http-shutdown-millis-max");
                case "ingest" -> number(command, "--ingest-close-timeout-millis");
                default -> throw new AssertionError(command.name());
            };
            long graceMillis =
                    1_000 * pod(workload).path("terminationGracePeriodSeconds").asLong();
            assertThat(graceMillis).as(which).isGreaterThan(preStopMillis + endMillis + CLOSE_MILLIS_MAX);
        });
    }

    @Test
    void volumesHoldWhatTheSettingsAllow() throws Exception {
        forEachWorkload((manifests, workload, which) -> {
            CommandSpec command = command(manifests, workload);
            Map<String, String> mounts = new TreeMap<>();
            container(workload)
                    .path("volumeMounts")
                    .forEach(mount -> mounts.put(
                            mount.path("mountPath").asText(), mount.path("name").asText()));
            assertThat(mounts).as(which).containsEntry("/var/lib/weir", "data").containsEntry("/tmp", "tmp");
            assertThat(setting(command, "--data-dir")).as(which).startsWith("/var/lib/weir/");
            Map<String, JsonNode> volumes = new TreeMap<>();
            pod(workload)
                    .path("volumes")
                    .forEach(volume -> volumes.put(volume.path("name").asText(), volume));
            workload.path("spec")
                    .path("volumeClaimTemplates")
                    .forEach(claim -> volumes.put(name(claim), claim.path("spec")));
            assertThat(volumes.keySet()).as(which).isEqualTo(new TreeSet<>(mounts.values()));
            JsonNode data = Objects.requireNonNull(volumes.get("data"));
            String size = data.has("emptyDir")
                    ? data.at("/emptyDir/sizeLimit").asText()
                    : data.at("/resources/requests/storage").asText();
            long needed = switch (command.name()) {
                case "worker" ->
                    number(command, "--worker-disk-total-bytes-max")
                            + number(command, "--worker-duckdb-temporary-bytes-max");
                case "ingest" ->
                    number(command, "--ingest-log-bytes-max") + number(command, "--ingest-compaction-input-bytes-max");
                case "api" -> number(command, "--fetch-artifact-bytes-max");
                default -> throw new AssertionError(command.name());
            };
            assertThat(bytes(size)).as("%s data %s", which, size).isGreaterThan(needed);
            if (command.name().equals("ingest")) {
                assertThat(data.has("emptyDir")).as("the log must survive").isFalse();
            }
        });
    }

    @Test
    void memoryHoldsHeapAndWhatLiesBesideIt() throws Exception {
        forEachWorkload((manifests, workload, which) -> {
            CommandSpec command = command(manifests, workload);
            Map<String, String> environment = manifests.environment(container(workload));
            String heap = Objects.requireNonNull(environment.get("WEIR_HEAP"));
            long needed = heap.endsWith("g")
                    ? Long.parseLong(heap.replace("g", "")) << 30
                    : Long.parseLong(heap.replace("m", "")) << 20;
            if (command.name().equals("worker")) {
                needed += number(command, "--worker-duckdb-memory-bytes-max");
            }
            JsonNode resources = container(workload).path("resources");
            long requested = bytes(resources.at("/requests/memory").asText());
            assertThat(requested).as(which).isGreaterThan(needed + (128L << 20));
            assertThat(bytes(resources.at("/limits/memory").asText())).as(which).isGreaterThanOrEqualTo(requested);
            assertThat(resources.at("/requests/cpu").asText()).as(which).isNotEmpty();
        });
    }

    @Test
    void podsHaveNoRightsTheyDoNotNeed() throws Exception {
        forEachWorkload((manifests, workload, which) -> {
            JsonNode security = pod(workload).path("securityContext");
            assertThat(security.path("runAsNonRoot").asBoolean()).as(which).isTrue();
            assertThat(security.path("runAsUser").asInt()).as(which).isEqualTo(10_001);
            assertThat(security.at("/seccompProfile/type").asText()).as(which).isEqualTo("RuntimeDefault");
            JsonNode container = container(workload).path("securityContext");
            assertThat(container.path("readOnlyRootFilesystem").asBoolean())
                    .as(which)
                    .isTrue();
            assertThat(container.path("allowPrivilegeEscalation").asBoolean(true))
                    .as(which)
                    .isFalse();
            assertThat(container.at("/capabilities/drop/0").asText()).as(which).isEqualTo("ALL");
            boolean api = name(workload).equals("weir-api");
            assertThat(pod(workload).path("automountServiceAccountToken").asBoolean(true))
                    .as("%s: only the API speaks to Kubernetes", which)
                    .isEqualTo(api);
            assertThat(manifests.ofKind("ServiceAccount").stream().map(TestingManifests::name))
                    .contains(pod(workload).path("serviceAccountName").asText());
        });
        for (TestingManifests manifests : RENDERED.values()) {
            assertThat(manifests.ofKind("ClusterRole")).isEmpty();
            assertThat(manifests.ofKind("ClusterRoleBinding")).isEmpty();
            JsonNode role = manifests.one("Role", "weir-api-discovery");
            assertThat(manifests.ofKind("Role")).hasSize(1);
            assertThat(role.path("rules"))
                    .hasToString("[{\"apiGroups\":[\"discovery.k8s.io\"],\"resources\":[\"endpointslices\"],"
                            + "\"verbs\":[\"get\",\"list\",\"watch\"]}]");
            JsonNode binding = manifests.one("RoleBinding", "weir-api-discovery");
            assertThat(binding.at("/roleRef/name").asText()).isEqualTo("weir-api-discovery");
            assertThat(binding.path("subjects")).hasSize(1);
            assertThat(binding.at("/subjects/0/name").asText()).isEqualTo("weir-api");
        }
    }

    @Test
    void selectorsSelectTheirPods() throws Exception {
        for (Map.Entry<String, TestingManifests> overlay : RENDERED.entrySet()) {
            TestingManifests manifests = overlay.getValue();
            List<JsonNode> workloads = manifests.workloads();
            for (JsonNode budget : manifests.ofKind("PodDisruptionBudget")) {
                assertThat(selected(workloads, budget.at("/spec/selector/matchLabels")))
                        .as("%s budget %s", overlay.getKey(), name(budget))
                        .containsExactly(name(budget));
            }
            assertThat(manifests.ofKind("PodDisruptionBudget")).hasSize(3);
            for (JsonNode workload : workloads) {
                assertThat(selected(workloads, workload.at("/spec/selector/matchLabels")))
                        .containsExactly(name(workload));
            }
            for (JsonNode service : manifests.ofKind("Service")) {
                if (name(service).equals("weir-postgres")) {
                    continue;
                }
                List<String> names = selected(workloads, service.at("/spec/selector"));
                assertThat(names).as(name(service)).hasSize(1);
                JsonNode target = workloads.stream()
                        .filter(workload -> name(workload).equals(names.getFirst()))
                        .findFirst()
                        .orElseThrow();
                Set<String> ports = new TreeSet<>();
                container(target)
                        .path("ports")
                        .forEach(port -> ports.add(port.path("name").asText()));
                for (JsonNode port : service.at("/spec/ports")) {
                    assertThat(ports)
                            .as(name(service))
                            .contains(port.path("targetPort").asText());
                }
            }
        }
    }

    private static List<String> selected(List<JsonNode> workloads, JsonNode selector) {
        assertThat(selector.isEmpty()).isFalse();
        return workloads.stream()
                .filter(workload -> selector.properties().stream()
                        .allMatch(label -> label.getValue()
                                .equals(workload.at("/spec/template/metadata/labels")
                                        .get(label.getKey()))))
                .map(TestingManifests::name)
                .toList();
    }

    @Test
    void theApiFindsTheWorkersService() throws Exception {
        for (TestingManifests manifests : RENDERED.values()) {
            JsonNode api = manifests.one("Deployment", "weir-api");
            String workers = setting(command(manifests, api), "--workers");
            JsonNode worker = manifests.one("StatefulSet", "weir-worker");
            JsonNode service =
                    manifests.one("Service", worker.at("/spec/serviceName").asText());
            assertThat(service.at("/spec/clusterIP").asText()).isEqualTo("None");
            assertThat(workers)
                    .isEqualTo("kubernetes:" + name(service) + ":" + number(command(manifests, worker), "--grpc-port"));
        }
    }

    @Test
    void theImageIsInOnePlace() throws Exception {
        for (Map.Entry<String, TestingManifests> overlay : RENDERED.entrySet()) {
            Set<String> images = new TreeSet<>();
            overlay.getValue()
                    .workloads()
                    .forEach(workload ->
                            images.add(container(workload).path("image").asText()));
            assertThat(images).as(overlay.getKey()).hasSize(1).noneMatch(image -> image.endsWith(":latest"));
        }
    }

    @Test
    void secretsAreReferredToAndNotInTheProductionOverlays() throws Exception {
        for (String overlay : List.of("production-s3", "keda")) {
            TestingManifests manifests = Objects.requireNonNull(RENDERED.get(overlay));
            assertThat(manifests.ofKind("Secret")).isEmpty();
            for (JsonNode map : manifests.ofKind("ConfigMap")) {
                assertThat(map.path("data").properties().stream().map(Map.Entry::getKey))
                        .noneMatch(key -> key.matches(".*(PASSWORD|SECRET|TOKEN).*"));
            }
        }
        forEachWorkload((manifests, workload, which) -> manifests
                .environment(container(workload))
                .forEach((key, value) -> {
                    if (key.matches(".*(PASSWORD|SECRET|TOKEN).*")) {
                        assertThat(value).as("%s %s", which, key).startsWith("from-secret-weir-");
                    }
                }));
    }

    @Test
    void kedaAsksForTheDesiredWorkersOfEveryApi() throws Exception {
        TestingManifests manifests = Objects.requireNonNull(RENDERED.get("keda"));
        JsonNode scaled = manifests.one("ScaledObject", "weir-worker");
        JsonNode target = manifests.one(
                scaled.at("/spec/scaleTargetRef/kind").asText(),
                scaled.at("/spec/scaleTargetRef/name").asText());
        assertThat(target.path("spec").has("replicas"))
                .as("the autoscaler owns the number")
                .isFalse();
        CommandSpec api = command(manifests, manifests.one("Deployment", "weir-api"));
        assertThat(scaled.at("/spec/minReplicaCount").asLong()).isEqualTo(number(api, "--autoscale-workers-min"));
        assertThat(scaled.at("/spec/maxReplicaCount").asLong()).isEqualTo(number(api, "--autoscale-workers-max"));
        assertThat(1_000 * scaled.at("/spec/pollingInterval").asLong())
                .as("a peak is held for several polls")
                .isLessThan(AutoscaleSettings.DEFAULT.holdMillis() / 4);
        JsonNode trigger = scaled.at("/spec/triggers/0");
        assertThat(trigger.path("type").asText()).isEqualTo("metrics-api");
        JsonNode metadata = trigger.path("metadata");
        assertThat(metadata.path("valueLocation").asText()).isEqualTo("desiredWorkers");
        assertThat(metadata.path("targetValue").asText()).isEqualTo("1");
        JsonNode service = manifests.one("Service", "weir-api-monitor");
        assertThat(metadata.path("url").asText())
                .isEqualTo("http://weir-api-monitor."
                        + service.at("/metadata/namespace").asText() + ".svc.cluster.local:"
                        + number(api, "--http-port") + "/api/v1/monitor/queue");
        assertThat(service.at("/spec/publishNotReadyAddresses").asBoolean()).isTrue();
        for (JsonNode value : metadata) {
            assertThat(value.isTextual())
                    .as("KEDA reads text only: " + metadata)
                    .isTrue();
        }
    }

    /** A misspelled field is one that Kubernetes' own model does not have. */
    @Test
    void everyFieldIsOneOfKubernetes() throws Exception {
        int checked = 0;
        for (Map.Entry<String, TestingManifests> overlay : RENDERED.entrySet()) {
            for (JsonNode object : overlay.getValue().all()) {
                if (object.path("apiVersion").asText().startsWith("keda.sh/")) {
                    continue;
                }
                assertThat(name(object)).isNotEmpty();
                HasMetadata typed = TestingManifests.YAML.treeToValue(object, HasMetadata.class);
                assertThat(typed.getKind()).isEqualTo(object.path("kind").asText());
                List<String> unknown = new ArrayList<>();
                unknownFields(typed, typed.getKind() + " " + name(object), unknown);
                assertThat(unknown).as(overlay.getKey()).isEmpty();
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(60);
    }

    private static void unknownFields(Object value, String path, List<String> unknown)
            throws InvocationTargetException, IllegalAccessException {
        switch (value) {
            case Iterable<?> list -> {
                for (Object element : list) {
                    unknownFields(element, path + "[]", unknown);
                }
            }
            case Map<?, ?> map -> {
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    unknownFields(entry.getValue(), path + "/" + entry.getKey(), unknown);
                }
            }
            case Object model
            when model.getClass().getName().startsWith("io.fabric8.kubernetes.api.model.") -> {
                for (Method method : model.getClass().getMethods()) {
                    if (method.getParameterCount() != 0 || !method.getName().startsWith("get")) {
                        continue;
                    }
                    Object inner = method.invoke(model);
                    if (method.getName().equals("getAdditionalProperties")) {
                        ((Map<?, ?>) inner).keySet().forEach(key -> unknown.add(path + "/" + key));
                    } else if (inner != null) {
                        unknownFields(inner, path + "/" + method.getName().substring(3), unknown);
                    }
                }
            }
            default -> {
                // A text, a number, an enum.
            }
        }
    }

    private static long bytes(String quantity) throws IOException {
        long number = Long.parseLong(quantity.replaceAll("[A-Za-z]", ""));
        return switch (quantity.replaceAll("[0-9]", "")) {
            case "Mi" -> number << 20;
            case "Gi" -> number << 30;
            default -> throw new IOException("an unexpected quantity: " + quantity);
        };
    }
}
