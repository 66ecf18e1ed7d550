package io.weir.eventstats.stats.registry;

import io.weir.eventstats.stats.topic.Topic;
import io.weir.eventstats.stats.topic.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The named queries: those that are built in, and those of the operator's folder. One file is one query; its name is the query's. */
public final class QueryRegistry {
    /** Files in {@code stats/queries}, without their ending; a test holds the list against the folder. */
    static final List<String> BUILT_IN = List.of(
            "aggregation_by_catalog",
            "error_summary",
            "failed_jobs_last_7d",
            "precompute_savings",
            "retry_chains",
            "run_status_summary",
            "running_jobs",
            "slowest_queries",
            "tenant_usage",
            "ttfs_by_surface");

    private static final String ENDING = ".yaml";
    private static final int FILES_MAX = 500;

    private final Map<String, StatsQuery> byName = new TreeMap<>();

    private QueryRegistry() {}

    /**
     * Reads all files.
     *
     * @param folder of the operator; empty for none
     * @throws QueryFileException if one cannot be used, or two have one name
     */
    public static QueryRegistry load(Topics topics, String folder, long timeoutMillisMax) {
        QueryRegistry registry = new QueryRegistry();
        for (String name : BUILT_IN) {
            String file = name + ENDING;
            registry.add(topics, QueryFile.parse(file, builtIn(file), timeoutMillisMax));
        }
        for (Path file : folder.isEmpty() ? List.<Path>of() : files(Path.of(folder))) {
            registry.add(topics, QueryFile.parse(file.getFileName().toString(), read(file), timeoutMillisMax));
        }
        return registry;
    }

    private void add(Topics topics, StatsQuery query) {
        if (!query.file().equals(query.name() + ENDING)) {
            throw new QueryFileException(
                    query.file(), "the query's name is '" + query.name() + "': call the file " + query.name() + ENDING);
        }
        if (topics.find(query.topic()).flatMap(Topic::rows).isEmpty()) {
            List<String> possible = topics.all().stream()
                    .filter(topic -> topic.rows().isPresent())
                    .map(Topic::name)
                    .toList();
            throw new QueryFileException(
                    query.file(), "topic '" + query.topic() + "' has no rows to read; topics are " + possible);
        }
        if (byName.putIfAbsent(query.name(), query) != null) {
            throw new QueryFileException(query.file(), "there is another query with that name");
        }
    }

    private static String builtIn(String file) {
        try (InputStream stream = QueryRegistry.class.getResourceAsStream("/stats/queries/" + file)) {
            if (stream == null) {
                throw new QueryFileException(file, "the file is missing in the program");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> files = entries.filter(file -> file.toString().endsWith(ENDING))
                    .sorted()
                    .limit(FILES_MAX + 1L)
                    .toList();
            if (files.size() > FILES_MAX) {
                throw new QueryFileException(folder.toString(), "more than " + FILES_MAX + " files");
            }
            return new ArrayList<>(files);
        } catch (IOException e) {
            throw new QueryFileException(folder.toString(), "cannot read the folder (stats-queries-dir): " + e, e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new QueryFileException(file.getFileName().toString(), "cannot read the file: " + e, e);
        }
    }

    /** All queries, by name. */
    public Collection<StatsQuery> all() {
        return List.copyOf(byName.values());
    }

    /** The queries of a topic, by name. */
    public List<StatsQuery> ofTopic(String topic) {
        return byName.values().stream()
                .filter(query -> query.topic().equals(topic))
                .toList();
    }

    /** A query of a topic. */
    public Optional<StatsQuery> find(String topic, String name) {
        return Optional.ofNullable(byName.get(name))
                .filter(query -> query.topic().equals(topic));
    }
}
