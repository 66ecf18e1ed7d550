package io.weir.eventstats.auth;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.auth.AuthenticationException.Reason;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Authentication and authorization of an API process, put together: who asks, what they may read, for which tenant. */
public final class AuthService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuthService.class);

    private final Authenticator authenticator;
    private final AccessList accessList;
    private final TenantResolver tenants;
    private final List<AutoCloseable> running = new ArrayList<>();

    private AuthService(
            AuthSettings settings,
            Map<String, Set<String>> fieldsByTopic,
            InstantSource clock,
            MeterRegistry registry) {
        AuthMetrics metrics = new AuthMetrics(registry);
        // The list first: it starts nothing when it is not valid.
        this.accessList = settings.access().file().isEmpty()
                ? AccessRules.NOBODY
                : own(AccessFile.start(settings.access(), fieldsByTopic, metrics));
        this.authenticator = settings.keys().url().isEmpty() ? withoutKeys(metrics) : ofKeys(settings, clock, metrics);
        this.tenants = new RequestTenants(authenticator, settings.signalTokenRequired(), settings.tenantClaim());
        if (settings.access().file().isEmpty()) {
            LOG.info("auth: no access list (auth-access-file): nobody may read statistics");
        }
    }

    /**
     * Reads keys and access list, and keeps them up to date until it is closed.
     *
     * @param fieldsByTopic by topic in lower case, the fields that a filter of its rows may name
     * @throws IllegalArgumentException if the access list is missing or not valid, or the keys' URL is none
     * @throws IllegalStateException if the keys cannot be read and are required at the start
     */
    public static AuthService start(
            AuthSettings settings, Map<String, Set<String>> fieldsByTopic, MeterRegistry registry) {
        return start(settings, fieldsByTopic, InstantSource.system(), registry);
    }

    static AuthService start(
            AuthSettings settings,
            Map<String, Set<String>> fieldsByTopic,
            InstantSource clock,
            MeterRegistry registry) {
        return new AuthService(settings, Map.copyOf(fieldsByTopic), clock, registry);
    }

    private Authenticator ofKeys(AuthSettings settings, InstantSource clock, AuthMetrics metrics) {
        try {
            TokenKeys keys = own(TokenKeys.start(settings.keys(), System::nanoTime, metrics));
            return new TokenAuthenticator(keys, new TokenVerifier(settings), clock, metrics);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Refuses everybody: without keys nobody can be known. */
    private static Authenticator withoutKeys(AuthMetrics metrics) {
        LOG.info("auth: no keys of tokens (auth-keys-url): statistics are answered with 503");
        return header -> {
            metrics.refused(Reason.UNAVAILABLE);
            throw new AuthenticationException(
                    Reason.UNAVAILABLE,
                    "No keys to verify tokens with are configured: set auth-keys-url to the key document or JWKS of"
                            + " your identity provider.");
        };
    }

    private <T extends AutoCloseable> T own(T part) {
        running.add(part);
        return part;
    }

    /** Finds out who sent a request. */
    public Authenticator authenticator() {
        return authenticator;
    }

    /** Who may read what. */
    public AccessList accessList() {
        return accessList;
    }

    /** Finds the tenant of a request to the routes of first signals. */
    public TenantResolver tenants() {
        return tenants;
    }

    @Override
    public void close() {
        for (AutoCloseable part : running.reversed()) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("auth: a part did not close in order", e);
            }
        }
    }
}
