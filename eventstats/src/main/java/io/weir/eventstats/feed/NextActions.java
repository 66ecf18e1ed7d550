package io.weir.eventstats.feed;

import io.weir.queryapi.spi.QueryEvent.Cause;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What somebody can do about a query that failed, by its cause. */
final class NextActions {
    /** As messages of limits name them. */
    private static final Pattern SETTING = Pattern.compile("settings? ([a-z][a-z-]+[a-z])");

    private final String docsUrl;

    /** @param docsUrl where the documentation is published */
    NextActions(String docsUrl) {
        this.docsUrl = docsUrl.endsWith("/") ? docsUrl.substring(0, docsUrl.length() - 1) : docsUrl;
    }

    /** Something to do and where. */
    record Action(String label, String href) {}

    /**
     * The actions, the first the likeliest; none for a query that was answered or that nobody waits for any more.
     *
     * @param reason the message, which names settings
     */
    List<Action> of(Cause cause, String reason) {
        return switch (cause) {
            case DONE, CLIENT_GONE -> List.of();
            case CANCELED -> List.of(new Action("Ask again", docs("user-guide.md")));
            case BAD_DATA ->
                List.of(
                        new Action("Mend the request: the message says where it goes wrong", docs("promql.md")),
                        new Action("See how requests are made", docs("user-guide.md")));
            case UNSUPPORTED -> List.of(new Action("See what the language offers", docs("promql.md")));
            case EXECUTION ->
                List.of(
                        new Action("Mend the query: matching and label rules", docs("promql.md")),
                        new Action("Look at the plan", "/api/v1/explain"));
            case LIMIT ->
                withSettings(reason, new Action("Ask for less: fewer series, a shorter range", docs("user-guide.md")));
            case TIMEOUT ->
                withSettings(
                        reason,
                        new Action("Ask for less, or give more time by the parameter timeout", docs("user-guide.md")),
                        new Action("Look at the plan", "/api/v1/explain"));
            case TOO_MANY_QUERIES ->
                withSettings(reason, new Action("See which queries run, and cancel some", "/api/v1/queries"));
            case NO_WORKERS, WORKERS_LOST ->
                List.of(
                        new Action("See which workers are there", "/api/v1/workers"),
                        new Action("Start workers, or check their addresses", docs("operations.md")),
                        new Action("Ask again", docs("user-guide.md")));
            case CATALOG_UNAVAILABLE ->
                List.of(
                        new Action("Check the catalog's database, then ask again", docs("operations.md")),
                        new Action("See whether this process is ready", "/readyz"));
            case STORAGE ->
                List.of(new Action("Check the lake: an object is missing or damaged", docs("operations.md")));
            case UNAVAILABLE -> withSettings(reason, new Action("Ask again in a moment", docs("operations.md")));
            case INTERNAL ->
                List.of(
                        new Action(
                                "Look for the query's id in the log of the API and the workers", docs("operations.md")),
                        new Action("Ask again", docs("user-guide.md")));
        };
    }

    /** First the settings that the message names. */
    private List<Action> withSettings(String reason, Action... others) {
        Set<String> names = new LinkedHashSet<>();
        Matcher matcher = SETTING.matcher(reason);
        while (matcher.find()) {
            names.add(matcher.group(1));
        }
        List<Action> actions = new ArrayList<>();
        names.forEach(name -> actions.add(new Action("Change the setting " + name, docs("settings.md#" + name))));
        actions.addAll(List.of(others));
        return List.copyOf(actions);
    }

    private String docs(String page) {
        return docsUrl + "/" + page;
    }
}
