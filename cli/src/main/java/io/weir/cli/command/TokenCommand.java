package io.weir.cli.command;

import io.weir.eventstats.auth.LocalKeys;
import io.weir.eventstats.auth.TokenClaims;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints a token signed by the key pair of a data folder. */
@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Print a token for a user, signed by the key pair that 'weir standalone' keeps in its data folder.",
            "For trying things out; in production tokens come from your identity provider."
        })
public final class TokenCommand implements Callable<Integer> {
    /** A token cannot be taken back before its end. */
    private static final Duration TIME_TO_LIVE_MAX = Duration.ofDays(365);

    @Option(names = "--sub", required = true, paramLabel = "USER", description = "The user (claim sub).")
    private String user = "";

    @Option(
            names = "--ttl",
            defaultValue = "1h",
            converter = Times.DurationConverter.class,
            description = "How long it is valid, at most 365d (default ${DEFAULT-VALUE}).")
    private Duration timeToLive = Duration.ofHours(1);

    @Option(names = "--tenant", paramLabel = "TENANT", description = "The tenant it is for (default: none).")
    private @Nullable String tenant;

    @Option(
            names = "--tenant-claim",
            defaultValue = "tenant_id",
            paramLabel = "CLAIM",
            description = "Claim that names the tenant, as --auth-tenant-claim has it (default ${DEFAULT-VALUE}).")
    private String tenantClaim = "tenant_id";

    @Option(
            names = "--aud",
            paramLabel = "AUDIENCE",
            description = "The audience, as --auth-audience has it (default: none).")
    private @Nullable String audience;

    @Option(
            names = "--iss",
            paramLabel = "ISSUER",
            description = "The issuer, as --auth-issuer has it (default: none).")
    private @Nullable String issuer;

    @Option(
            names = "--data-dir",
            defaultValue = "weir-data",
            description = "Folder of 'weir standalone' (default ${DEFAULT-VALUE}).")
    private Path dataDirectory = Path.of("weir-data");

    @Spec
    private @Nullable CommandSpec command;

    @Override
    public Integer call() throws IOException {
        CommandSpec spec = Objects.requireNonNull(command);
        Usage.check(spec, timeToLive.compareTo(TIME_TO_LIVE_MAX) <= 0, "--ttl must be at most 365d");
        TokenClaims claims = Usage.read(
                spec, () -> new TokenClaims(user, tenant, tenantClaim, audience, issuer, timeToLive.toMillis()));
        String token = LocalKeys.open(dataDirectory).sign(claims, System.currentTimeMillis());
        spec.commandLine().getOut().println(token);
        return 0;
    }
}
