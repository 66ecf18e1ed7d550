package io.weir.precompute;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.precompute.http.JobRoutes;
import io.weir.precompute.http.ResultRoutes;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.metrics.FeedbackMetrics;
import io.weir.precompute.metrics.TickMetrics;
import io.weir.precompute.registry.JobRegistry;
import io.weir.precompute.registry.PrecomputeSchema;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.router.PrecomputeRouter;
import io.weir.precompute.router.RouterSettings;
import io.weir.precompute.schedule.TickScheduler;
import io.weir.precompute.schedule.TickSettings;
import io.weir.precompute.shadow.ShadowChecks;
import io.weir.precompute.source.SourceAddress;
import io.weir.precompute.source.SourceAddresses;
import io.weir.precompute.source.TickSources;
import io.weir.precompute.source.lake.LakeSource;
import io.weir.precompute.sources.Sources;
import io.weir.precompute.suggestion.SuggestionRoutes;
import io.weir.promql.parser.Feature;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.PrecomputedAnswers;
import io.weir.queryapi.spi.RouteContributor;
import io.weir.queryapi.spi.SketchQueries;
import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Precompute in an API process: started before its HTTP server, begun after it, closed before it. */
public final class Precompute implements AutoCloseable {
    private final BoundedClose running = new BoundedClose();
    private final List<RouteContributor> routes = new ArrayList<>();
    private PrecomputedAnswers answers = PrecomputedAnswers.NONE;
    private final PrecomputeSettings settings;
    private final MeterRegistry registry;
    private final TickSettings ticks;
    private final FeedbackMetrics feedback;
    private final TickMetrics tickMetrics;
    private final ResultCache results;
    private final ShadowChecks shadow;
    /** Each source registers itself for its kind of address. */
    private final TickSources sources = new TickSources();

    private @Nullable JobRegistry jobs;

    private Precompute(PrecomputeSettings settings, MeterRegistry registry) {
        this.settings = settings;
        this.registry = registry;
        ticks = settings.ticks();
        feedback = new FeedbackMetrics(registry);
        results = new ResultCache(settings.results(), System::currentTimeMillis);
        tickMetrics = new TickMetrics(registry, ticks.jobMetricsMax(), System::currentTimeMillis, results);
        shadow = running.add(new ShadowChecks(
                settings.shadow(), registry, () -> ThreadLocalRandom.current().nextDouble()));
    }

    /**
     * Brings the schema up to date and loads the jobs. No tick runs before {@link #begin}.
     *
     * @param database the catalog's, which holds these tables, too
     * @param features of the language, as the API's queries have it
     */
    public static Precompute start(
            PrecomputeSettings settings, DatabaseSettings database, Set<Feature> features, MeterRegistry registry) {
        Precompute started = new Precompute(settings, registry);
        started.running.add(started.sources);
        if (!settings.enabled()) {
            return started;
        }
        try (HikariDataSource administration = Databases.open(database)) {
            PrecomputeSchema.migrate(administration);
            started.running.add(Sources.start(settings.sources(), settings.receiver(), started.sources, registry));
            started.startJobs(settings, database, features, registry);
            started.answers = started.router(settings.router(), registry);
            return started;
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
    }

    private void startJobs(
            PrecomputeSettings settings, DatabaseSettings database, Set<Feature> features, MeterRegistry registry) {
        SourceAddresses addresses = new SourceAddresses(settings.sources().allowedHosts());
        JobRequests requests = new JobRequests(settings.jobs(), features, addresses::parse);
        jobs = running.add(JobRegistry.start(
                JobRegistry.Parts.of(settings.registry(), settings.jobs(), database, requests, results), registry));
        routes.add(new JobRoutes(settings.jobs(), requests, jobs, results, InstantSource.system()));
        routes.add(new ResultRoutes(results, ticks::delayMillis, InstantSource.system()));
        routes.add(running.add(new SuggestionRoutes(
                settings.suggestions(),
                settings.results().ticksMax(),
                requests,
                database,
                results,
                InstantSource.system())));
    }

    private PrecomputedAnswers router(RouterSettings settings, MeterRegistry registry) {
        return new PrecomputeRouter(
                settings, ticks::delayMillis, results, feedback, registry, shadow, Clock.systemUTC());
    }

    /** Starts the ticks of the jobs that this process owns. */
    public void begin(BackgroundQueries queries, SketchQueries sketches) {
        shadow.begin(queries);
        JobRegistry owned = jobs;
        if (owned == null) {
            return;
        }
        sources.register(SourceAddress.Lake.class, new LakeSource(queries, sketches, settings.lake(), registry));
        TickScheduler scheduler = running.add(TickScheduler.start(new TickScheduler.Parts(
                ticks,
                sources,
                results,
                owned,
                feedback,
                tickMetrics,
                System::currentTimeMillis,
                System::nanoTime,
                owned::abandon)));
        owned.begin(scheduler);
    }

    /** Routes for the API's HTTP server. */
    public List<RouteContributor> routes() {
        return List.copyOf(routes);
    }

    /** Answers the API's queries. */
    public PrecomputedAnswers answers() {
        return answers;
    }

    @Override
    public void close() {
        running.close(ShutdownSettings.DEFAULT.partMillisMax());
    }
}
