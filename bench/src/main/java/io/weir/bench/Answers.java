package io.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/** Compares two answers of the Prometheus API sample by sample. */
final class Answers {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * @param points samples in both
     * @param missing samples in only one of them
     * @param worst largest relative difference of a pair
     */
    record Difference(long points, long missing, double worst) {
        @Override
        public String toString() {
            return missing > 0
                    ? missing + " points differ in presence"
                    : points == 0 ? "empty" : "%.1e".formatted(worst);
        }
    }

    private Answers() {}

    static Difference compare(byte[] left, byte[] right) throws IOException {
        Map<String, Double> a = flatten(left);
        Map<String, Double> b = flatten(right);
        long points = 0;
        long missing = 0;
        double worst = 0;
        for (Map.Entry<String, Double> entry : a.entrySet()) {
            Double other = b.remove(entry.getKey());
            if (other == null) {
                missing++;
                continue;
            }
            points++;
            double x = entry.getValue();
            double y = other;
            if (x != y && !(Double.isNaN(x) && Double.isNaN(y))) {
                worst = Math.max(worst, Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y)));
            }
        }
        return new Difference(points, missing + b.size(), worst);
    }

    private static Map<String, Double> flatten(byte[] json) throws IOException {
        Map<String, Double> samples = new TreeMap<>();
        JsonNode root = MAPPER.readTree(json);
        if (!root.path("status").asText().equals("success")) {
            throw new IOException("query failed: " + root);
        }
        for (JsonNode series : root.path("data").path("result")) {
            TreeMap<String, String> labels = new TreeMap<>();
            series.path("metric")
                    .properties()
                    .forEach(
                            label -> labels.put(label.getKey(), label.getValue().asText()));
            if (series.has("value")) {
                put(samples, labels, series.get("value"));
            }
            for (JsonNode sample : series.path("values")) {
                put(samples, labels, sample);
            }
        }
        return samples;
    }

    private static void put(Map<String, Double> samples, Map<String, String> labels, JsonNode sample) {
        String text = sample.get(1).asText().replace("Inf", "Infinity");
        samples.put(labels + "@" + Math.round(sample.get(0).asDouble() * 1000), Double.parseDouble(text));
    }
}
