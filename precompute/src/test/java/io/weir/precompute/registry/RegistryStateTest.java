package io.weir.precompute.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.registry.RegistryState.Effect;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a process makes of its looks at the database. */
class RegistryStateTest {
    private static final String ME = "api-me";
    private static final long EXPIRY = Instant.parse("2030-01-01T00:00:00Z").toEpochMilli();

    private final RegistryState state = new RegistryState(ME);
    private final Map<String, Job> all = new HashMap<>();
    private long look;

    private static JobRow.Holding holding(String jobId, @Nullable String owner, long epoch) {
        return new JobRow.Holding(jobId, owner, epoch);
    }

    private Job job(String jobId) {
        return all.computeIfAbsent(jobId, id -> TestingJobs.job(id, id));
    }

    private List<Effect> look(long number, long nowMillis, JobRow.Holding... holdings) {
        Map<String, Job> loaded = new HashMap<>();
        for (String jobId : state.unknown(List.of(holdings))) {
            loaded.put(jobId, job(jobId));
        }
        return state.onLook(new RegistryState.Look(number, List.of(holdings), loaded, Map.of(), nowMillis));
    }

    private List<Effect> look(JobRow.Holding... holdings) {
        return look(++look, 0, holdings);
    }

    private Effect own(String jobId, long epoch) {
        return new Effect.Own(job(jobId), epoch, JobStatistics.NONE);
    }

    @Test
    void jobsComeAndGo() {
        assertThat(look(holding("a", null, 0))).containsExactly(new Effect.Add(job("a")));
        assertThat(look(holding("a", null, 0))).isEmpty();
        assertThat(look(holding("a", ME, 1), holding("b", "other", 7)))
                .containsExactly(own("a", 1), new Effect.Add(job("b")));
        assertThat(look(holding("b", ME, 8)))
                .containsExactly(new Effect.Disown("a"), new Effect.Remove("a", false), own("b", 8));
        assertThat(look()).containsExactly(new Effect.Disown("b"), new Effect.Remove("b", false));
        assertThat(state.known()).isEmpty();
        assertThat(state.owned()).isEmpty();
    }

    @Test
    void aLostLeaseIsLetGoOfAndAWonOneIsANewOne() {
        look(holding("a", ME, 1));
        assertThat(look(holding("a", "other", 2))).containsExactly(new Effect.Disown("a"));
        assertThat(look(holding("a", ME, 3))).containsExactly(own("a", 3));
        // Lost and won again between two looks.
        assertThat(state.gained(List.of(holding("a", ME, 5)))).containsExactly("a");
        assertThat(look(holding("a", ME, 5))).containsExactly(new Effect.Disown("a"), own("a", 5));
        assertThat(state.gained(List.of(holding("a", ME, 5)))).isEmpty();
    }

    @Test
    void whatThisProcessCannotReadIsLeftOut() {
        assertThat(state.onLook(new RegistryState.Look(1, List.of(holding("a", ME, 1)), Map.of(), Map.of(), 0)))
                .isEmpty();
        assertThat(state.known()).isEmpty();
    }

    @Test
    void aLookThatBeganBeforeADeletionBringsNothingBack() {
        look(1, 0, holding("a", ME, 1));
        assertThat(state.onDeleted("a", 2)).containsExactly(new Effect.Disown("a"), new Effect.Remove("a", false));
        // The second look began before the deletion, and ends after it.
        assertThat(look(2, 0, holding("a", ME, 1))).isEmpty();
        assertThat(look(3, 0)).isEmpty();
        assertThat(state.onDeleted("a", 3)).isEmpty();
    }

    @Test
    void anExpiredJobEndsWithoutTheDatabase() {
        Job ends = new Job("e", TestingJobs.spec("default", "e", "2030-01-01T00:00:00Z"), 0);
        all.put("e", ends);
        look(1, EXPIRY - 1, holding("a", ME, 1), holding("e", ME, 1));
        assertThat(state.onTime(EXPIRY - 1)).isEmpty();
        assertThat(state.onTime(EXPIRY)).containsExactly(new Effect.Disown("e"), new Effect.Remove("e", true));
        // The database's clock is behind.
        assertThat(look(2, EXPIRY, holding("a", ME, 1), holding("e", ME, 1))).isEmpty();
        assertThat(state.known()).containsOnlyKeys("a");
    }

    @Test
    void atItsEndAProcessLetsGoOfAll() {
        look(holding("a", ME, 1), holding("b", "other", 1));
        assertThat(state.onClose()).containsExactly(new Effect.Disown("a"));
        assertThat(state.onClose()).isEmpty();
    }

    /** Whatever happens in whatever order: effects alternate as they must, and in the end all is as the database says. */
    @Test
    void effectsFollowTheDatabase() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            followed(random, "seed=" + seed + " round=" + round);
        }
    }

    private void followed(Random random, String where) {
        RegistryState tested = new RegistryState(ME);
        Map<String, JobRow.Holding> database = new HashMap<>();
        Set<String> added = new HashSet<>();
        Map<String, Long> owned = new HashMap<>();
        Set<String> gone = new HashSet<>();
        List<JobRow.Holding> stale = List.of();
        long number = 0;
        int nextId = 0;
        for (int step = 0; step < 60; step++) {
            switch (random.nextInt(5)) {
                case 0 -> {
                    String jobId = "job-" + nextId++;
                    database.put(jobId, holding(jobId, null, 0));
                }
                case 1 ->
                    database.replaceAll((jobId, held) -> random.nextBoolean()
                            ? held
                            : holding(jobId, random.nextBoolean() ? ME : "other", held.epoch() + 1));
                case 2 -> {
                    if (!database.isEmpty()) {
                        String jobId = new ArrayList<>(database.keySet()).get(random.nextInt(database.size()));
                        // A look is under way, which still shows it.
                        stale = List.copyOf(database.values());
                        number++;
                        database.remove(jobId);
                        gone.add(jobId);
                        check(tested.onDeleted(jobId, number), added, owned, gone, where);
                        check(onLook(tested, number, stale), added, owned, gone, where);
                        assertThat(added).as(where).doesNotContain(jobId);
                    }
                }
                default -> check(onLook(tested, ++number, List.copyOf(database.values())), added, owned, gone, where);
            }
        }
        check(onLook(tested, ++number, List.copyOf(database.values())), added, owned, gone, where);
        assertThat(added).as(where).isEqualTo(database.keySet());
        Map<String, Long> mine = new HashMap<>();
        database.values().stream()
                .filter(held -> ME.equals(held.owner()))
                .forEach(held -> mine.put(held.jobId(), held.epoch()));
        assertThat(owned).as(where).isEqualTo(mine);
    }

    private List<Effect> onLook(RegistryState tested, long number, List<JobRow.Holding> holdings) {
        Map<String, Job> loaded = new HashMap<>();
        tested.unknown(holdings).forEach(jobId -> loaded.put(jobId, job(jobId)));
        return tested.onLook(new RegistryState.Look(number, holdings, loaded, Map.of(), 0));
    }

    private static void check(
            List<Effect> effects, Set<String> added, Map<String, Long> owned, Set<String> gone, String where) {
        for (Effect effect : effects) {
            switch (effect) {
                case Effect.Add add -> {
                    assertThat(added.add(add.job().jobId())).as(where).isTrue();
                    assertThat(gone).as(where).doesNotContain(add.job().jobId());
                }
                case Effect.Remove remove -> {
                    assertThat(added.remove(remove.jobId())).as(where).isTrue();
                    assertThat(owned).as(where).doesNotContainKey(remove.jobId());
                }
                case Effect.Own own -> {
                    assertThat(added).as(where).contains(own.job().jobId());
                    assertThat(owned.put(own.job().jobId(), own.epoch()))
                            .as(where)
                            .isNull();
                }
                case Effect.Disown disown ->
                    assertThat(owned.remove(disown.jobId())).as(where).isNotNull();
            }
        }
    }
}
