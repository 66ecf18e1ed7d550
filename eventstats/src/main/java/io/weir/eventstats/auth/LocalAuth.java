package io.weir.eventstats.auth;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.ContentType;
import io.weir.queryapi.spi.RouteContributor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Authentication without an identity provider, for standalone: a key pair and an access list in the data folder, used where no others are configured.
 *
 * @param settings with the folder's keys and access list filled in
 * @param routes the public keys at {@code GET /api/v1/auth/keys}; empty if others are configured
 */
public record LocalAuth(AuthSettings settings, List<RouteContributor> routes) {
    /** The user that the first access list lets read everything. */
    public static final String ADMIN = "admin";

    /** Where the public keys are served. */
    public static final String KEYS_PATH = "/api/v1/auth/keys";

    private static final Logger LOG = LoggerFactory.getLogger(LocalAuth.class);

    public LocalAuth {
        routes = List.copyOf(routes);
    }

    /**
     * Fills in what is not configured. An access list that lets {@link #ADMIN} read everything is only made together with keys of our own: users of
     * somebody else's identity provider choose their own names.
     *
     * @param topics that the first access list names
     * @throws IOException if a file cannot be read or written
     */
    public static LocalAuth prepare(Path dataFolder, AuthSettings configured, Collection<String> topics)
            throws IOException {
        AuthSettings settings = configured;
        List<RouteContributor> routes = List.of();
        Path accessFile = dataFolder.resolve("auth").resolve("access.json").toAbsolutePath();
        if (configured.keys().url().isEmpty()) {
            LocalKeys keys = LocalKeys.openOrCreate(dataFolder);
            settings = settings.withKeys(
                    configured.keys().withUrl(keys.publicFile().toAbsolutePath().toString()));
            routes = List.of(route(keys.publicDocument()));
            if (configured.access().file().isEmpty() && !Files.exists(accessFile)) {
                Files.writeString(accessFile, firstAccessList(topics), StandardOpenOption.CREATE_NEW);
                LOG.info("auth: made an access list that lets user {} read all topics: {}", ADMIN, accessFile);
            }
        }
        if (configured.access().file().isEmpty() && Files.exists(accessFile)) {
            settings = settings.withAccess(configured.access().withFile(accessFile.toString()));
        }
        return new LocalAuth(settings, routes);
    }

    private static String firstAccessList(Collection<String> topics) {
        ObjectNode list = new ObjectMapper().createObjectNode();
        new TreeSet<>(topics).forEach(topic -> list.putArray(topic).add(ADMIN));
        return list.toPrettyString() + "\n";
    }

    private static RouteContributor route(String document) {
        byte[] bytes = document.getBytes(StandardCharsets.UTF_8);
        return config -> config.routes.get(
                KEYS_PATH,
                context -> context.contentType(ContentType.APPLICATION_JSON)
                        .header("Cache-Control", "public, max-age=300")
                        .result(bytes));
    }
}
