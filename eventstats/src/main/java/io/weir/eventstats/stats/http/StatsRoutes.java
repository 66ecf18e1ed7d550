package io.weir.eventstats.stats.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.weir.eventstats.auth.AccessList;
import io.weir.eventstats.auth.AuthenticationException;
import io.weir.eventstats.auth.Authenticator;
import io.weir.eventstats.auth.Caller;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.auth.TopicAccess;
import io.weir.eventstats.stats.paging.PageRequest;
import io.weir.eventstats.stats.paging.RawPages;
import io.weir.eventstats.stats.query.Arguments;
import io.weir.eventstats.stats.query.BadFieldException;
import io.weir.eventstats.stats.query.QueryResult;
import io.weir.eventstats.stats.query.QueryRunner;
import io.weir.eventstats.stats.registry.QueryRegistry;
import io.weir.eventstats.stats.registry.StatsQuery;
import io.weir.eventstats.stats.topic.FilteredRows;
import io.weir.eventstats.stats.topic.Topic;
import io.weir.eventstats.stats.topic.TopicRows;
import io.weir.eventstats.stats.topic.Topics;
import io.weir.queryapi.spi.RouteContributor;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The routes under {@code /stats}: raw rows of a topic, its named queries, and the list of them. Every request is checked in this order: method
 * 405, token 401, topic 404, access 403, supported topic 400, query 400, content type 415, size 413, JSON 400, fields 400; then the database 503
 * or 504. Errors have EventGate's shape.
 */
public final class StatsRoutes implements RouteContributor {
    /** The routes, as metrics call them. */
    public static final List<String> NAMES = List.of("rows", "query", "queries", "health", "none");

    private static final String ROWS = "/stats/{topic_name}";
    private static final String QUERY = "/stats/{topic_name}/query/<query_name>";
    private static final String NO_QUERY = "/stats/{topic_name}/query";
    private static final String QUERIES = "/stats/{topic_name}/queries";
    private static final List<HandlerType> METHODS = List.of(
            HandlerType.GET,
            HandlerType.HEAD,
            HandlerType.POST,
            HandlerType.PUT,
            HandlerType.PATCH,
            HandlerType.DELETE);

    private final Parts parts;
    private final RequestBody bodies;
    private final StatsExchange exchange;

    /**
     * What the routes are made of.
     *
     * @param requestBytesMax longest body
     */
    public record Parts(
            Authenticator authenticator,
            AccessList accessList,
            Topics topics,
            QueryRegistry registry,
            RawPages pages,
            QueryRunner runner,
            HealthRoute health,
            Clock clock,
            int requestBytesMax) {}

    public StatsRoutes(Parts parts, StatsExchange exchange) {
        this.parts = parts;
        this.exchange = exchange;
        bodies = new RequestBody(parts.requestBytesMax());
    }

    @Override
    public void contribute(JavalinConfig config) {
        RoutesConfig routes = config.routes;
        routes.get(QUERIES, exchange.handler("queries", this::queries));
        routes.post(QUERY, exchange.handler("query", this::query));
        routes.post(NO_QUERY, exchange.handler("query", this::query));
        routes.post(ROWS, exchange.handler("rows", this::rows));
        routes.get(
                "/health", exchange.handler("health", context -> parts.health().answer()));
        refuseOthers(routes, "queries", QUERIES, HandlerType.GET);
        refuseOthers(routes, "query", QUERY, HandlerType.POST);
        refuseOthers(routes, "query", NO_QUERY, HandlerType.POST);
        refuseOthers(routes, "rows", ROWS, HandlerType.POST);
        for (HandlerType method : METHODS) {
            for (String path : List.of("/stats", "/stats/*")) {
                routes.addHttpHandler(method, path, exchange.handler("none", context -> {
                    throw new StatsProblem(404, "route", "Resource not found.");
                }));
            }
        }
    }

    private void refuseOthers(RoutesConfig routes, String route, String path, HandlerType allowed) {
        for (HandlerType method : METHODS) {
            boolean isHeadOfGet = method.equals(HandlerType.HEAD) && allowed.equals(HandlerType.GET);
            if (!method.equals(allowed) && !isHeadOfGet) {
                routes.addHttpHandler(method, path, exchange.handler(route, context -> {
                    throw new StatsProblem(
                            405,
                            "route",
                            "Method " + method.name() + " is not allowed; use " + allowed.name() + ".",
                            Map.of("Allow", allowed.name()));
                }));
            }
        }
    }

    /** A topic that the caller may read, with the rows of it. */
    private record Granted(Topic topic, RowFilter filter) {}

    private Granted granted(Context context) throws StatsProblem {
        Caller caller = caller(context);
        String name = lower(context, "topic_name");
        Topic topic = parts.topics()
                .find(name)
                .orElseThrow(() ->
                        new StatsProblem(404, "topic", "Topic '" + BadFieldException.shown(name) + "' not found."));
        StatsExchange.topic(context, topic.name());
        return switch (parts.accessList().access(caller, topic.name())) {
            case TopicAccess.Refused refused -> throw new StatsProblem(403, "auth", refused.message());
            case TopicAccess.Granted granted -> new Granted(topic, granted.rows());
        };
    }

    private Caller caller(Context context) throws StatsProblem {
        // A lambda: Javalin's method is not annotated, and a method reference would be taken for one that never gives
        // null.
        Function<String, @Nullable String> header = name -> context.header(name);
        try {
            return parts.authenticator().authenticate(header);
        } catch (AuthenticationException e) {
            String message = Objects.requireNonNullElse(e.getMessage(), "Unauthorized.");
            throw new StatsProblem(
                    e.status(),
                    "auth",
                    message,
                    e.status() == 401 ? Map.of("WWW-Authenticate", "Bearer") : Map.of("Retry-After", "5"));
        }
    }

    private static String lower(Context context, String parameter) throws StatsProblem {
        String value = context.pathParamMap().getOrDefault(parameter, "");
        if (value.isBlank()) {
            throw StatsProblem.validation("Missing path parameter '" + parameter + "'.");
        }
        return value.toLowerCase(Locale.ROOT);
    }

    /** A filter over a field that the topic has not lets no row through; that is said, not shown as an empty answer. */
    private static TopicRows rows(Granted granted) throws StatsProblem {
        TopicRows rows = granted.topic().rows().orElseThrow();
        Optional<String> unknown = FilteredRows.unknownField(rows, granted.filter());
        if (unknown.isPresent()) {
            throw new StatsProblem(
                    403,
                    "permission",
                    "Access to topic '" + granted.topic().name()
                            + "' is limited by a field that its rows do not have.");
        }
        return rows;
    }

    private StatsReply rows(Context context) throws StatsProblem {
        Granted granted = granted(context);
        if (!granted.topic().hasPages()) {
            throw StatsProblem.validation("Stats are only supported for topics '" + names(Topic::hasPages) + "'.");
        }
        ObjectNode body = bodies.read(context);
        rows(granted);
        PageRequest request;
        try {
            request = PageRequest.of(
                    granted.topic().name(),
                    granted.filter(),
                    body,
                    parts.clock().millis());
        } catch (BadFieldException e) {
            throw StatsProblem.validation(String.valueOf(e.getMessage()));
        }
        RawPages.Page page = parts.pages().read(granted.topic(), granted.filter(), request);
        return StatsReply.success(json -> StatsJson.page(json, page));
    }

    private StatsReply query(Context context) throws StatsProblem {
        Granted granted = granted(context);
        requireQueries(granted.topic());
        String name = lower(context, "query_name");
        StatsQuery query = parts.registry()
                .find(granted.topic().name(), name)
                .orElseThrow(() -> StatsProblem.validation("Query '" + BadFieldException.shown(name)
                        + "' is not supported. Supported queries: " + queryNames(granted.topic()) + "."));
        StatsExchange.query(context, query.name());
        ObjectNode body = bodies.read(context);
        TopicRows rows = rows(granted);
        Arguments arguments;
        try {
            arguments = Arguments.of(query, body, parts.clock().millis());
        } catch (BadFieldException e) {
            throw StatsProblem.validation(String.valueOf(e.getMessage()));
        }
        QueryResult result = parts.runner().run(query, rows, arguments, granted.filter());
        return StatsReply.success(json -> StatsJson.result(json, query, arguments, result));
    }

    private StatsReply queries(Context context) throws StatsProblem {
        Granted granted = granted(context);
        requireQueries(granted.topic());
        String topic = granted.topic().name();
        return StatsReply.success(
                json -> StatsJson.queries(json, topic, parts.registry().ofTopic(topic)));
    }

    private void requireQueries(Topic topic) throws StatsProblem {
        if (parts.registry().ofTopic(topic.name()).isEmpty()) {
            throw StatsProblem.validation("Queries are only supported for topics '"
                    + names(known -> !parts.registry().ofTopic(known.name()).isEmpty()) + "'.");
        }
    }

    private String queryNames(Topic topic) {
        return parts.registry().ofTopic(topic.name()).stream()
                .map(StatsQuery::name)
                .collect(Collectors.joining(", "));
    }

    private String names(Predicate<Topic> supported) {
        return parts.topics().all().stream().filter(supported).map(Topic::name).collect(Collectors.joining(", "));
    }
}
