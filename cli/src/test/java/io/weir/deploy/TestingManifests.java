package io.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The objects that {@code kubectl kustomize} makes of an overlay. */
final class TestingManifests {
    static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    static final List<String> OVERLAYS = List.of("dev", "production-s3", "keda");

    private final List<JsonNode> objects;

    private TestingManifests(List<JsonNode> objects) {
        this.objects = objects;
    }

    static TestingManifests render(String overlay) throws IOException, InterruptedException {
        String text = TestingTool.run(
                TestingTool.DEPLOY.resolve("kubernetes/overlays").resolve(overlay), "kubectl", "kustomize", ".");
        try (MappingIterator<JsonNode> documents =
                YAML.readerFor(JsonNode.class).readValues(text)) {
            return new TestingManifests(documents.readAll());
        }
    }

    List<JsonNode> all() {
        return objects;
    }

    List<JsonNode> ofKind(String kind) {
        return objects.stream()
                .filter(object -> object.path("kind").asText().equals(kind))
                .toList();
    }

    JsonNode one(String kind, String name) {
        List<JsonNode> found = ofKind(kind).stream()
                .filter(object -> name(object).equals(name))
                .toList();
        assertThat(found).as("%s %s", kind, name).hasSize(1);
        return found.getFirst();
    }

    static String name(JsonNode object) {
        return object.path("metadata").path("name").asText();
    }

    /** Deployments and StatefulSets that run Weir's image. */
    List<JsonNode> workloads() {
        List<JsonNode> workloads = new ArrayList<>(ofKind("Deployment"));
        workloads.addAll(ofKind("StatefulSet"));
        workloads.removeIf(workload -> !name(workload).matches("weir-(api|worker|ingest)"));
        assertThat(workloads).hasSize(3);
        return workloads;
    }

    static JsonNode pod(JsonNode workload) {
        return workload.path("spec").path("template").path("spec");
    }

    static JsonNode container(JsonNode workload) {
        JsonNode containers = pod(workload).path("containers");
        assertThat(containers).hasSize(1);
        return containers.get(0);
    }

    /** The environment that Kubernetes gives a container; references to Secrets and to the pod's own fields as placeholders. */
    Map<String, String> environment(JsonNode container) {
        Map<String, String> environment = new TreeMap<>();
        for (JsonNode source : container.path("envFrom")) {
            JsonNode map =
                    one("ConfigMap", source.path("configMapRef").path("name").asText());
            map.path("data")
                    .properties()
                    .forEach(entry ->
                            environment.put(entry.getKey(), entry.getValue().asText()));
        }
        for (JsonNode variable : container.path("env")) {
            String name = variable.path("name").asText();
            JsonNode from = variable.path("valueFrom");
            if (from.has("fieldRef")) {
                assertThat(from.path("fieldRef").path("fieldPath").asText()).isEqualTo("status.podIP");
                environment.put(name, "10.1.2.3");
            } else if (from.has("secretKeyRef")) {
                environment.put(
                        name,
                        "from-secret-" + from.path("secretKeyRef").path("name").asText());
            } else {
                environment.put(name, variable.path("value").asText());
            }
        }
        return environment;
    }
}
