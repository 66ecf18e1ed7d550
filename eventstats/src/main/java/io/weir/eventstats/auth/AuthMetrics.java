package io.weir.eventstats.auth;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.DoubleSupplier;

/** The metrics of authentication; all are there from the start, with keys and an access list or without. */
final class AuthMetrics {
    final Counter accepted;
    final Counter missing;
    final Counter invalid;
    final Counter unavailable;
    final Counter keysChanged;
    final Counter keysSame;
    final Counter keysFailed;
    final Counter forcedStarted;
    final Counter forcedLimited;
    final Counter accessLoaded;
    final Counter accessFailed;

    private volatile DoubleSupplier keys = () -> 0;
    private volatile DoubleSupplier keysAgeSeconds = () -> 0;
    private volatile DoubleSupplier accessFailing = () -> 0;

    AuthMetrics(MeterRegistry registry) {
        String requests = "Requests whose sender was asked for, by what came of it";
        accepted = counter(registry, "weir_auth_requests_total", requests, "accepted");
        missing = counter(registry, "weir_auth_requests_total", requests, "missing");
        invalid = counter(registry, "weir_auth_requests_total", requests, "invalid");
        unavailable = counter(registry, "weir_auth_requests_total", requests, "unavailable");
        String reads = "Reads of the public keys of tokens, by outcome";
        keysChanged = counter(registry, "weir_auth_keys_reads_total", reads, "changed");
        keysSame = counter(registry, "weir_auth_keys_reads_total", reads, "same");
        keysFailed = counter(registry, "weir_auth_keys_reads_total", reads, "failed");
        String forced = "Tokens of unknown keys, by whether the keys were read anew for them or it was too soon";
        forcedStarted = counter(registry, "weir_auth_keys_forced_reads_total", forced, "started");
        forcedLimited = counter(registry, "weir_auth_keys_forced_reads_total", forced, "limited");
        String loads = "Changes of the access list's file, by whether they were taken over";
        accessLoaded = counter(registry, "weir_auth_access_loads_total", loads, "loaded");
        accessFailed = counter(registry, "weir_auth_access_loads_total", loads, "failed");
        Gauge.builder("weir_auth_keys", this, metrics -> metrics.keys.getAsDouble())
                .description("Public keys that tokens are verified with")
                .register(registry);
        Gauge.builder("weir_auth_keys_age_seconds", this, metrics -> metrics.keysAgeSeconds.getAsDouble())
                .description("Time since the public keys of tokens were last read, or since the start if never")
                .register(registry);
        Gauge.builder("weir_auth_access_failing", this, metrics -> metrics.accessFailing.getAsDouble())
                .description("1 while the access list's file cannot be used and the list before it is in effect")
                .register(registry);
    }

    private static Counter counter(MeterRegistry registry, String name, String description, String outcome) {
        return Counter.builder(name)
                .description(description)
                .tag("outcome", outcome)
                .register(registry);
    }

    /** What the gauges of the keys show from now on. */
    void observeKeys(DoubleSupplier count, DoubleSupplier ageSeconds) {
        keys = count;
        keysAgeSeconds = ageSeconds;
    }

    /** What the gauge of the access list shows from now on: 1 while its file cannot be used. */
    void observeAccess(DoubleSupplier failing) {
        accessFailing = failing;
    }

    /** Counts a refusal. */
    void refused(AuthenticationException.Reason reason) {
        switch (reason) {
            case MISSING -> missing.increment();
            case INVALID -> invalid.increment();
            case UNAVAILABLE -> unavailable.increment();
        }
    }
}
