package io.weir.precompute.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.precompute.TestingDatabase;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import io.weir.precompute.registry.Jobs.Creation;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.Feature;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Jobs of several processes on one database: leases, fences, results, and times without the database. Checklist D1, rows 20, 36, 42 and 44. */
class JobRegistryTest {
    private final List<TestingProcess> processes = new ArrayList<>();
    private TestingDatabase database;

    @BeforeEach
    void start() throws Exception {
        database = TestingDatabase.create();
    }

    @AfterEach
    void stop() throws Exception {
        database.mend();
        for (TestingProcess process : processes) {
            process.close();
        }
        database.close();
    }

    private TestingProcess process() {
        return process(TestingProcess.QUICK);
    }

    private TestingProcess process(RegistrySettings settings) {
        TestingProcess process = TestingProcess.begun(database, settings);
        processes.add(process);
        return process;
    }

    private void end(TestingProcess process) throws Exception {
        processes.remove(process);
        process.close();
    }

    private static Job create(TestingProcess process, String storePath) {
        Creation creation = process.registry().create(TestingJobs.spec("default", storePath));
        return ((Creation.Created) creation).job();
    }

    private void expireLeaseOf(String owner) throws Exception {
        database.execute("update weir.precompute_owners set leased_until = now() - interval '1 s' where owner_id = '"
                + owner + "'");
    }

    @Test
    void aJobIsRunByOneProcessAndKnownToAll() {
        TestingProcess first = process();
        TestingProcess second = process();
        List<Job> jobs = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            jobs.add(create(i % 2 == 0 ? first : second, "path-" + i));
        }
        await().until(() -> first.owned().size() + second.owned().size() == 20);
        TreeSet<String> all = new TreeSet<>(first.owned().keySet());
        all.addAll(second.owned().keySet());
        assertThat(all).hasSize(20);
        // Nobody has more than the share of the jobs that there are.
        assertThat(first.owned().size()).isBetween(9, 11);
        assertThat(second.registry().list("default").views()).hasSize(20).allMatch(view -> view.owner() != null);
        for (Job job : jobs) {
            await().until(() ->
                    second.results().at("default", job.spec().storePath()).isPresent());
        }
    }

    @Test
    void resultsAreSeenByAllProcessesAndCountedOnce() throws Exception {
        TestingProcess first = process();
        Job job = create(first, "a");
        await().until(() -> first.owned().containsKey(job.jobId()));
        TestingProcess second = process();
        long epoch = Objects.requireNonNull(first.owned().get(job.jobId()));
        for (int number = 1; number <= 8; number++) {
            first.tick(job, epoch, number);
        }
        await().until(() -> second.ticks(job).contains(8 * 60_000L));
        // As many as are kept.
        assertThat(database.query("select eval_millis / 60000 from weir.precompute_results order by 1"))
                .containsExactly("4", "5", "6", "7", "8");
        first.tick(job, epoch, 9);
        long startNanos = System.nanoTime();
        await().pollInterval(Duration.ofMillis(5)).until(() -> second.ticks(job).contains(9 * 60_000L));
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(Duration.ofSeconds(5));
        // How it fares, and its hits in both.
        first.results().countHit(job.jobId());
        second.results().countHit(job.jobId());
        second.results().countHit(job.jobId());
        await().until(() -> second.registry()
                        .find("default", job.jobId())
                        .orElseThrow()
                        .statistics()
                        .cacheHits()
                == 3);
        await().until(() -> first.registry()
                        .find("default", job.jobId())
                        .orElseThrow()
                        .statistics()
                        .cacheHits()
                == 3);
        JobStatistics seen =
                second.registry().find("default", job.jobId()).orElseThrow().statistics();
        assertThat(seen.status()).isEqualTo(JobStatus.ACTIVE);
        assertThat(seen.runs()).isEqualTo(9);
        assertThat(seen.lastRunMillis()).hasValue(9 * 60_000);
        // One that comes later knows the latest ones, too.
        TestingProcess third = process();
        assertThat(third.ticks(job)).hasSize(5).contains(9 * 60_000L);
    }

    @Test
    void aProcessThatEndsInOrderGivesItsJobsAway() throws Exception {
        TestingProcess first = process();
        Job job = create(first, "a");
        await().until(() -> first.owned().containsKey(job.jobId()));
        first.tick(job, Objects.requireNonNull(first.owned().get(job.jobId())), 7);
        TestingProcess second = process();
        end(first);
        assertThat(first.told()).containsExactly("own " + job.jobId(), "disown " + job.jobId());
        // Long before the lease would end.
        await().atMost(Duration.ofMillis(TestingProcess.QUICK.leaseMillis() / 3))
                .until(() -> second.owned().containsKey(job.jobId()));
        assertThat(second.before(job.jobId()).runs()).isEqualTo(7);
        assertThat(second.ticks(job)).contains(7 * 60_000L);
    }

    /** As one whose scheduler has ended by a defect; it lives on and answers. */
    @Test
    void anAbandonedRegistryGivesItsJobsAwayAndTakesNoneAnyMore() throws Exception {
        TestingProcess first = process(TestingProcess.BRIEF_LEASE);
        Job job = create(first, "a");
        await().until(() -> first.owned().containsKey(job.jobId()));
        TestingProcess second = process(TestingProcess.BRIEF_LEASE);
        await().until(() -> second.metric("weir.precompute.registry.jobs") == 1);
        first.registry().abandon();
        await().until(() -> second.owned().containsKey(job.jobId()));
        assertThat(database.query("select count(*) from weir.precompute_owners"))
                .containsExactly("1");
        await().until(() -> first.metric("weir.precompute.registry.jobs.owned") == 0);
        second.tick(job, Objects.requireNonNull(second.owned().get(job.jobId())), 1);
        await().until(() -> first.ticks(job).contains(60_000L));
        end(second);
        Job next = create(first, "b");
        Thread.sleep(3 * TestingProcess.BRIEF_LEASE.leaseMillis());
        assertThat(database.query("select job_id from weir.precompute_jobs where owner_id is not null"))
                .isEmpty();
        assertThat(first.told()).containsExactly("own " + job.jobId());
        assertThat(first.registry().find("default", next.jobId()).orElseThrow().owner())
                .isNull();
    }

    /** Its lease is not renewed meanwhile, so others may take the jobs in any case. */
    @Test
    void aRegistryThatIsAbandonedWithoutTheDatabaseReleasesItsLeaseLater() throws Exception {
        TestingProcess process = process(TestingProcess.BRIEF_LEASE);
        Job job = create(process, "a");
        await().until(() -> process.owned().containsKey(job.jobId()));
        database.cut();
        process.registry().abandon();
        Thread.sleep(TestingProcess.BRIEF_LEASE.leaseMillis());
        database.mend();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.query("select 1 from weir.precompute_jobs where owner_id is not null")
                        .isEmpty());
    }

    @Test
    void aSilentProcessLosesItsJobsWithinTwoLeasesAndWhatItWritesIsFenced() throws Exception {
        RegistrySettings settings = TestingProcess.settings(3_600_000, 2_000);
        TestingProcess first = process(settings);
        Job job = create(first, "a");
        await().until(() -> first.owned().containsKey(job.jobId()));
        long epoch = Objects.requireNonNull(first.owned().get(job.jobId()));
        String owner = Objects.requireNonNull(
                first.registry().find("default", job.jobId()).orElseThrow().owner());
        first.tick(job, epoch, 1);
        await().until(() ->
                !database.query("select 1 from weir.precompute_results").isEmpty());
        // Its renewals do not arrive, as of one that hangs: its row is gone as soon as it is there.
        database.execute("create rule silence as on insert to weir.precompute_owners where new.owner_id = '" + owner
                + "' do instead nothing");
        expireLeaseOf(owner);
        TestingProcess second = process(settings);
        await().atMost(Duration.ofMillis(2 * settings.leaseMillis()))
                .until(() -> second.owned().containsKey(job.jobId()));
        assertThat(Objects.requireNonNull(second.owned().get(job.jobId()))).isGreaterThan(epoch);
        assertThat(second.before(job.jobId()).runs()).isEqualTo(1);
        // It learns of its loss by the notification.
        await().until(() -> first.owned().isEmpty());
        first.tick(job, epoch, 2);
        second.tick(job, Objects.requireNonNull(second.owned().get(job.jobId())), 3);
        await().until(() -> first.metric("weir.precompute.registry.results.fenced") == 1);
        await().until(() -> database.query("select eval_millis / 60000 from weir.precompute_results order by 1")
                .equals(List.of("1", "3")));
    }

    @Test
    void aDeletedJobIsGoneEverywhereAndNothingIsWrittenForItAnyMore() throws Exception {
        TestingProcess first = process();
        TestingProcess second = process();
        Job job = create(first, "a");
        await().until(() -> first.owned().size() + second.owned().size() == 1);
        TestingProcess owner = first.owned().isEmpty() ? second : first;
        TestingProcess other = owner == first ? second : first;
        long epoch = Objects.requireNonNull(owner.owned().get(job.jobId()));
        owner.tick(job, epoch, 1);
        await().until(() ->
                !database.query("select 1 from weir.precompute_results").isEmpty());
        assertThat(other.registry().delete("stranger", job.jobId())).isFalse();
        // By the process that does not run it.
        assertThat(other.registry().delete("default", job.jobId())).isTrue();
        owner.tick(job, epoch, 2);
        await().until(() -> owner.owned().isEmpty());
        assertThat(owner.registry().delete("default", job.jobId())).isFalse();
        assertThat(owner.registry().find("default", job.jobId())).isEmpty();
        // By the process that runs it: when the call returns, it does not any more.
        Job again = create(first, "a");
        await().until(() -> first.owned().size() + second.owned().size() == 1);
        TestingProcess runs = first.owned().isEmpty() ? second : first;
        assertThat(runs.registry().delete("default", again.jobId())).isTrue();
        assertThat(runs.owned()).isEmpty();
        assertThat(database.query("select count(*) from weir.precompute_results"))
                .containsExactly("0");
        assertThat(database.query("select count(*) from weir.precompute_progress"))
                .containsExactly("0");
    }

    @Test
    void anExpiredJobIsListedForAWhileAndItsStorePathIsFree() throws Exception {
        TestingProcess process = process(TestingProcess.settings(1_500, TestingProcess.QUICK.leaseMillis()));
        String soon =
                Instant.now().plusSeconds(2).truncatedTo(ChronoUnit.MILLIS).toString();
        Job job = ((Creation.Created) process.registry().create(TestingJobs.spec("default", "a", soon))).job();
        await().until(() -> process.owned().containsKey(job.jobId()));
        await().until(() -> process.owned().isEmpty());
        assertThat(Instant.now()).isAfterOrEqualTo(Instant.parse(soon));
        assertThat(process.results().at("default", "a")).isEmpty();
        await().until(() -> process.registry().list("default").views().stream()
                .anyMatch(view -> view.statistics().status() == JobStatus.EXPIRED && view.owner() == null));
        Job next = create(process, "a");
        assertThat(next.jobId()).isNotEqualTo(job.jobId());
        await().until(() -> process.owned().containsKey(next.jobId()));
        await().until(() -> process.registry().list("default").views().size() == 1);
        assertThat(process.told())
                .containsExactly("own " + job.jobId(), "disown " + job.jobId(), "own " + next.jobId());
    }

    /** Rows of jobs that ended i seconds ago, with a result each; what is over may not be marked so yet. */
    private void insertOver(String prefix, int count, String age, boolean live) throws Exception {
        String spec = JobRequests.stored(TestingJobs.spec("default", "x")).toString();
        database.execute("insert into weir.precompute_jobs (job_id, tenant, spec_hash, store_path, spec, created_at,"
                + " valid_until, live, expired_at) select '" + prefix + "' || i, 'default', '" + prefix + "' || i, '"
                + prefix + "' || i, '" + spec + "'::jsonb, now() - interval '1 day', ended, " + live + ", "
                + (live ? "null" : "ended") + " from generate_series(1, " + count
                + ") i, lateral (select now() - interval '" + age + "' - i * interval '1 s' as ended) e");
        database.execute("insert into weir.precompute_results select job_id, 60000, '\\x00' from weir.precompute_jobs"
                + " where job_id like '" + prefix + "%'");
    }

    /** As a controller leaves behind that makes all of its jobs anew with each plan. */
    @Test
    void expiredJobsNeitherHideLiveOnesNorPileUp() throws Exception {
        RegistrySettings few = new RegistrySettings(
                20, 5, 3, 3_600_000, 1_000, 200, 1_000, 500, 4, 1_000, 5, 1 << 20, 64 << 10, 64L << 20, 20);
        insertOver("marked-", 250, "1 minute", false);
        insertOver("over-", 250, "0", true);
        TestingProcess process = TestingProcess.begun(database, few);
        processes.add(process);
        Job job = create(process, "a");
        assertThat(process.registry().list("default").views())
                .extracting(view -> view.job().jobId())
                .containsExactly(job.jobId(), "over-1", "over-2", "over-3");
        await().until(() -> database.query("select job_id from weir.precompute_jobs order by job_id")
                .equals(List.of(job.jobId(), "over-1", "over-2", "over-3")));
        assertThat(database.query("select count(*) from weir.precompute_results"))
                .containsExactly("0");
        assertThat(process.registry()
                        .find("default", "over-1")
                        .orElseThrow()
                        .statistics()
                        .status())
                .isEqualTo(JobStatus.EXPIRED);
    }

    @Test
    void aLeaseIsRenewedWhileExpiredJobsAreRemoved() throws Exception {
        TestingProcess process = process(TestingProcess.BRIEF_LEASE);
        Job job = create(process, "a");
        await().until(() -> process.owned().containsKey(job.jobId()));
        database.execute("create function slow() returns trigger language plpgsql as"
                + " 'begin perform pg_sleep(0.2); return old; end'");
        database.execute(
                "create trigger slow before delete on weir.precompute_jobs for each row" + " execute function slow()");
        insertOver("old-", 20, "2 hours", false);
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    assertThat(database.query("select count(*) from weir.precompute_owners where leased_until >"
                                    + " clock_timestamp()"))
                            .containsExactly("1");
                    return database.query("select 1 from weir.precompute_jobs where not live")
                            .isEmpty();
                });
        assertThat(process.told()).containsExactly("own " + job.jobId());
    }

    @Test
    void withoutTheDatabaseTicksGoOnAndAreWrittenLater() throws Exception {
        TestingProcess process = process(TestingProcess.BRIEF_LEASE);
        Job job = create(process, "a");
        await().until(() -> process.owned().containsKey(job.jobId()));
        long epoch = Objects.requireNonNull(process.owned().get(job.jobId()));
        database.cut();
        // Longer than its lease.
        Thread.sleep(2 * TestingProcess.BRIEF_LEASE.leaseMillis());
        assertThat(process.owned()).containsKey(job.jobId());
        process.tick(job, epoch, 1);
        process.tick(job, epoch, 2);
        assertThatThrownBy(() -> create(process, "b")).isInstanceOf(DatabaseUnavailableException.class);
        assertThatThrownBy(() -> process.registry().delete("default", job.jobId()))
                .isInstanceOf(DatabaseUnavailableException.class)
                .hasMessageNotContainingAny("delete from", "jdbc");
        Jobs.Listing listing = process.registry().list("default");
        assertThat(listing.warning()).isNotNull();
        assertThat(listing.views()).singleElement().satisfies(view -> {
            assertThat(view.statistics().runs()).isEqualTo(2);
            assertThat(view.job()).isEqualTo(job);
        });
        assertThat(process.ticks(job)).containsExactly(60_000L, 120_000L);
        database.mend();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.query("select eval_millis / 60000 from weir.precompute_results order by 1")
                        .equals(List.of("1", "2")));
        await().atMost(Duration.ofSeconds(20)).until(() -> create(process, "b") != null);
        assertThat(process.told()).contains("own " + job.jobId()).doesNotContain("disown " + job.jobId());
    }

    @Test
    void aJobThatAProcessMayNotRunIsLeftToAnother() throws Exception {
        JobRequests nothingAllowed = new JobRequests(JobLimits.DEFAULT, Feature.NONE, source -> {
            throw new QueryException.BadData("field \"source\": not allowed here");
        });
        TestingProcess strict =
                TestingProcess.begun(new TestingProcess(database, TestingProcess.QUICK, nothingAllowed));
        processes.add(strict);
        Job job = create(strict, "a");
        await().until(() -> strict.metric("weir.precompute.registry.unreadable") >= 1);
        TestingProcess other = process();
        await().until(() -> other.owned().containsKey(job.jobId()));
        // Time for the first one to look again.
        Thread.sleep(2 * TestingProcess.QUICK.pollMillis());
        assertThat(other.owned()).containsKey(job.jobId());
        assertThat(strict.told()).isEmpty();
        assertThat(strict.registry().list("default").views()).isEmpty();
    }

    /** One that knows of a job has a share of all, and so the others have less. */
    @Test
    void jobsThatOnlyOneProcessMayRunAreAllRunByIt() {
        JobRequests fewAllowed = new JobRequests(JobLimits.DEFAULT, Feature.NONE, source -> {
            if (source.startsWith("lake://")) {
                return new SourceAddress.Lake(source);
            }
            throw new QueryException.BadData("field \"source\": not allowed here");
        });
        TestingProcess all = process(TestingProcess.BRIEF_LEASE);
        TestingProcess strict =
                TestingProcess.begun(new TestingProcess(database, TestingProcess.BRIEF_LEASE, fewAllowed));
        processes.add(strict);
        create(all, "known-to-both");
        await().until(() -> all.owned().size() + strict.owned().size() == 1);
        await().until(() -> strict.metric("weir.precompute.registry.jobs") == 1);
        TreeSet<String> only = new TreeSet<>();
        for (int i = 0; i < 10; i++) {
            Creation creation = all.registry().create(TestingJobs.specFrom("only-here://", "path-" + i));
            only.add(((Creation.Created) creation).job().jobId());
        }
        await().until(() -> all.owned().keySet().containsAll(only));
        assertThat(strict.owned().keySet()).doesNotContainAnyElementsOf(only);
    }

    @Test
    void aProcessWithoutJobsWritesNothing() throws Exception {
        TestingProcess process = process();
        Thread.sleep(2 * TestingProcess.QUICK.pollMillis());
        assertThat(database.query("select count(*) from weir.precompute_owners"))
                .containsExactly("0");
        Job job = create(process, "a");
        await().until(() -> process.owned().containsKey(job.jobId()));
        assertThat(database.query("select count(*) from weir.precompute_owners"))
                .containsExactly("1");
    }

    @Test
    void aLostNotificationIsMadeUpFor() throws Exception {
        TestingProcess first = process();
        TestingProcess second = process();
        Job job = create(first, "a");
        await().until(() -> first.owned().size() + second.owned().size() == 1);
        TestingProcess owner = first.owned().isEmpty() ? second : first;
        TestingProcess other = owner == first ? second : first;
        database.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '"
                + JobRegistry.LISTENER_NAME + "'");
        owner.tick(job, Objects.requireNonNull(owner.owned().get(job.jobId())), 1);
        await().until(() -> other.ticks(job).contains(60_000L));
        await().until(() -> other.metric("weir.precompute.registry.listen.failures") >= 1);
        String listeners = "select count(*) from pg_stat_activity where application_name = '"
                + JobRegistry.LISTENER_NAME + "' and datname = current_database()";
        await().untilAsserted(() -> assertThat(database.query(listeners)).containsExactly("2"));
    }

    @Test
    void aStartThatFailsLeavesNothingRunning() throws Exception {
        create(process(), "a");
        // The jobs are loaded, their results are not.
        database.execute("alter table weir.precompute_results rename to away");
        SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        ResultCache results = new ResultCache(ResultSettings.DEFAULT, System::currentTimeMillis);
        JobRegistry.Parts parts = JobRegistry.Parts.of(
                TestingProcess.QUICK, JobLimits.DEFAULT, database.settings(), TestingJobs.REQUESTS, results);
        assertThatThrownBy(() -> JobRegistry.start(parts, metrics))
                .isInstanceOf(DatabaseUnavailableException.class)
                .satisfies(thrown -> assertThat(thrown.getSuppressed()).isEmpty());
        double failures =
                metrics.get("weir.precompute.registry.failures").counter().count();
        // A loop that went on would meet a closed pool.
        Thread.sleep(3 * TestingProcess.QUICK.pollMillis());
        assertThat(metrics.get("weir.precompute.registry.failures").counter().count())
                .isEqualTo(failures);
        database.execute("alter table weir.away rename to precompute_results");
    }

    @Test
    void manyJobsAreWrittenInTime() throws Exception {
        TestingProcess first = process();
        TestingProcess second = process();
        List<Job> jobs = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            jobs.add(create(first, "path-" + i));
        }
        await().atMost(Duration.ofSeconds(20))
                .until(() -> first.owned().size() + second.owned().size() == 1_000);
        long startNanos = System.nanoTime();
        Map<String, Long> owned = first.owned();
        for (Job job : jobs) {
            if (owned.containsKey(job.jobId())) {
                first.tick(job, owned.get(job.jobId()), 1);
            } else {
                second.tick(job, Objects.requireNonNull(second.owned().get(job.jobId())), 1);
            }
        }
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.query("select count(*) from weir.precompute_results")
                        .equals(List.of("1000")));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> jobs.stream()
                        .allMatch(job -> !first.ticks(job).isEmpty()
                                && !second.ticks(job).isEmpty()));
        System.out.println("1,000 ticks written and seen by two processes in "
                + Duration.ofNanos(System.nanoTime() - startNanos).toMillis() + " ms");
        assertThat(first.metric("weir.precompute.registry.results.dropped")).isZero();
    }
}
