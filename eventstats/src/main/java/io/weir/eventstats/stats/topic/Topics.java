package io.weir.eventstats.stats.topic;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The topics that are known: EventGate's, and the history of Weir's own queries. */
public final class Topics {
    public static final String RUNS = "public.cps.za.runs";
    public static final String STATUS_CHANGE = "public.cps.za.status_change";
    public static final String QUERY_RUNS = "promql.query.runs";

    /** Table of runs, of which an event may have more than one row if others made it. */
    public static final String RUNS_TABLE = "public.public_cps_za_runs";

    private static final String JOBS_TABLE = "public.public_cps_za_runs_jobs";
    private static final String STATUS_CHANGE_TABLE = "public.public_cps_za_status_change_aggregated_job";
    private static final String QUERY_RUNS_TABLE = "public.promql_query_runs";

    private final Map<String, Topic> byName = new LinkedHashMap<>();

    private Topics(List<Topic> topics) {
        topics.forEach(topic -> byName.put(topic.name(), topic));
    }

    /**
     * All topics.
     *
     * @param runsAreUnique whether an index holds {@code event_id} of the runs unique; else the first row of an event counts
     */
    public static Topics of(boolean runsAreUnique) {
        return new Topics(List.of(
                new Topic(RUNS, Optional.of(runs(runsAreUnique))),
                new Topic(QUERY_RUNS, Optional.of(queryRuns())),
                new Topic(STATUS_CHANGE, Optional.of(statusChange())),
                new Topic("public.cps.za.dlchange", Optional.empty()),
                new Topic("public.cps.za.test", Optional.empty())));
    }

    public Optional<Topic> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    public Collection<Topic> all() {
        return List.copyOf(byName.values());
    }

    /** Tables that are read, without repetition. */
    public List<String> tables() {
        return byName.values().stream()
                .flatMap(topic -> topic.rows().stream())
                .flatMap(rows -> rows.tables().stream())
                .distinct()
                .toList();
    }

    /** By topic that is read, the fields that a row filter may name. */
    public static Map<String, Set<String>> fieldsByTopic() {
        Map<String, Set<String>> fields = new TreeMap<>();
        for (Topic topic : of(true).all()) {
            topic.rows()
                    .ifPresent(rows -> fields.put(
                            topic.name(), Set.copyOf(rows.expressionByField().keySet())));
        }
        return fields;
    }

    /** A job with the run it belongs to, by EventGate's names. */
    private static TopicRows runs(boolean unique) {
        String select = "SELECT r.event_id, r.job_ref, r.tenant_id, r.source_app, r.source_app_version, r.environment,"
                + " r.timestamp_start AS run_timestamp_start, r.timestamp_end AS run_timestamp_end,"
                + " j.internal_id, j.country, j.catalog_id, j.status, j.timestamp_start, j.timestamp_end, j.message,"
                + " j.additional_info"
                + " FROM " + JOBS_TABLE + " j JOIN " + RUNS_TABLE + " r ON r.event_id = j.event_id";
        String first = "NOT EXISTS (SELECT FROM " + RUNS_TABLE
                + " other WHERE other.event_id = r.event_id AND other.ctid < r.ctid)";
        SortedMap<String, String> fields = new TreeMap<>();
        for (String field :
                List.of("event_id", "job_ref", "tenant_id", "source_app", "source_app_version", "environment")) {
            fields.put(field, "r." + field);
        }
        for (String field : List.of("country", "catalog_id", "status")) {
            fields.put(field, "j." + field);
        }
        return new TopicRows(
                List.of(RUNS_TABLE, JOBS_TABLE),
                select,
                unique ? "" : first,
                fields,
                Optional.of(new TopicRows.Page("run_timestamp_start BETWEEN ? AND ?", TopicRows.Shape.JOB)));
    }

    /** The latest state of a job, and the chain of attempts it belongs to. */
    private static TopicRows statusChange() {
        String select = "SELECT s.job_id, s.job_group_id, s.parent_job_id, s.initial_job_id,"
                + " COALESCE(s.initial_job_id, s.job_id) AS chain_id, s.job_ref, s.job_name, s.definition_id,"
                + " s.definition_version, s.tenant_id, s.country, s.source_app, s.source_app_version, s.environment,"
                + " s.platform, s.attempt_number, s.status_type, s.status_subtype, s.status_detail, s.created_at,"
                + " s.started_at, s.finished_at, s.last_updated_at FROM " + STATUS_CHANGE_TABLE + " s";
        SortedMap<String, String> fields = new TreeMap<>();
        for (String field : List.of(
                "job_ref",
                "job_name",
                "definition_id",
                "definition_version",
                "tenant_id",
                "country",
                "source_app",
                "source_app_version",
                "environment",
                "platform",
                "status_type",
                "status_subtype")) {
            fields.put(field, "s." + field);
        }
        return new TopicRows(List.of(STATUS_CHANGE_TABLE), select, "", fields, Optional.empty());
    }

    private static TopicRows queryRuns() {
        String select = "SELECT q.internal_id, q.query_id, q.run_id, q.tenant_id, q.user_name, q.surface, q.kind,"
                + " q.canonical_hash, q.query_text, q.range_start, q.range_end, q.step_ms, q.started_at, q.ended_at,"
                + " q.duration_ms, q.ttfs_ms, q.status, q.error_type, q.phase, q.work_units, q.samples_read, q.workers,"
                + " q.precompute_hit FROM " + QUERY_RUNS_TABLE + " q";
        SortedMap<String, String> fields = new TreeMap<>();
        for (String field : List.of(
                "tenant_id", "user_name", "surface", "kind", "canonical_hash", "status", "error_type", "phase")) {
            fields.put(field, "q." + field);
        }
        return new TopicRows(
                List.of(QUERY_RUNS_TABLE),
                select,
                "",
                fields,
                Optional.of(new TopicRows.Page(
                        "started_at BETWEEN " + Instants.FROM_EPOCH_MILLIS + " AND " + Instants.FROM_EPOCH_MILLIS,
                        TopicRows.Shape.PLAIN)));
    }
}
