package io.weir.workcoord.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Runs worlds by their seeds and reports the first that breaks an invariant. {@code dev/simulate} calls it. */
public final class Simulate {
    /** Seeds of which the whole world is run twice: both have to be the same, step by step. */
    private static final int TWICE_EVERY = 64;

    private static final int TAIL_LINES = 40;
    private static final List<String> OPTIONS = List.of("--seed", "--seeds", "--first", "--threads", "--log");
    /** Seeds between two lines of progress. */
    private static final int PROGRESS_SEEDS = 10_000;

    private Simulate() {}

    /**
     * What many worlds came to.
     *
     * @param fingerprint of all steps of all worlds: the same seeds give the same one
     */
    record Summary(long seeds, long steps, long virtualMillis, long fingerprint, Map<String, Long> outcomes) {
        static final Summary NONE = new Summary(0, 0, 0, 0, Map.of());

        Summary plus(Summary other) {
            Map<String, Long> sum = new TreeMap<>(outcomes);
            other.outcomes.forEach((outcome, count) -> sum.merge(outcome, count, Long::sum));
            return new Summary(
                    seeds + other.seeds,
                    steps + other.steps,
                    virtualMillis + other.virtualMillis,
                    fingerprint + other.fingerprint,
                    sum);
        }
    }

    /** A seed whose world broke an invariant. */
    record Failure(long seed, Violation violation) {}

    /**
     * Runs this many seeds, the i-th of which is {@code seedOf(i)}.
     *
     * @throws AssertionError with the report of the failing seed with the lowest number
     */
    static Summary run(LongUnaryOperator seedOf, long count, int threads) {
        AtomicLong next = new AtomicLong();
        AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
        List<Summary> parts = new ArrayList<>();
        List<Thread> running = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            running.add(Thread.ofPlatform().name("simulate-" + i).start(() -> {
                Summary part = work(seedOf, count, next, failure);
                synchronized (parts) {
                    parts.add(part);
                }
            }));
        }
        for (Thread thread : running) {
            join(thread);
        }
        Failure failed = failure.get();
        if (failed != null) {
            throw new AssertionError(report(failed), failed.violation());
        }
        return parts.stream().reduce(Summary.NONE, Summary::plus);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while worlds run", interrupted);
        }
    }

    private static Summary work(
            LongUnaryOperator seedOf, long count, AtomicLong next, AtomicReference<@Nullable Failure> failure) {
        Summary summary = Summary.NONE;
        Map<String, Long> outcomes = new TreeMap<>();
        long steps = 0;
        long virtualMillis = 0;
        long fingerprint = 0;
        long seeds = 0;
        long number = next.getAndIncrement();
        while (number < count && failure.get() == null) {
            long seed = seedOf.applyAsLong(number);
            try {
                SimWorld world = world(seed);
                seeds++;
                steps += world.steps;
                virtualMillis += world.clock.nowMillis();
                fingerprint += world.hash;
                world.outcomes.forEach((outcome, times) -> outcomes.merge(outcome, (long) times, Long::sum));
            } catch (Violation violation) {
                failure.accumulateAndGet(
                        new Failure(seed, violation),
                        (first, second) ->
                                first == null || (second != null && second.seed() < first.seed()) ? second : first);
            }
            number = next.getAndIncrement();
        }
        return summary.plus(new Summary(seeds, steps, virtualMillis, fingerprint, outcomes));
    }

    private static SimWorld world(long seed) {
        SimWorld world = new SimWorld(seed);
        world.run();
        if (seed % TWICE_EVERY == 0) {
            SimWorld again = new SimWorld(seed);
            again.run();
            if (again.hash != world.hash || again.steps != world.steps) {
                throw new Violation(Invariant.I13, "the same seed is another world the second time");
            }
        }
        return world;
    }

    /** The message of a failure: how to replay it, and its world, as small as it gets, step by step. */
    static String report(Failure failure) {
        long seed = failure.seed();
        StringBuilder text = new StringBuilder();
        text.append("seed ")
                .append(seed)
                .append(": ")
                .append(failure.violation().getMessage());
        text.append("\nreplay: dev/simulate --seed ").append(seed);
        SimSetting drawn = SimSetting.draw(new SeededChoices(seed, "setting"));
        text.append("\nits world: ").append(drawn);
        SimSetting small = Shrink.shrink(seed, drawn, failure.violation().invariant);
        text.append("\nshrunk to: ").append(small).append('\n');
        text.append(trace(seed, small, new Trace(TAIL_LINES, false)));
        return text.toString();
    }

    private static String trace(long seed, SimSetting setting, Trace trace) {
        String end = "no invariant broke";
        try {
            new SimWorld(seed, setting, trace).run();
        } catch (Violation violation) {
            end = String.valueOf(violation.getMessage());
        }
        return trace + end + "\n";
    }

    /**
     * For a core in a class loader of its own: the first of the seeds that breaks an invariant.
     *
     * @return the number of seeds run, the name of the invariant and the message; null if none breaks
     */
    public static String @Nullable [] firstFailure(long first, long count) {
        for (long seed = first; seed < first + count; seed++) {
            try {
                world(seed);
            } catch (Violation violation) {
                return new String[] {
                    "" + (seed - first + 1), violation.invariant.name(), String.valueOf(violation.getMessage())
                };
            }
        }
        return null;
    }

    /** For a core in a class loader of its own: the report of the first of the seeds that breaks an invariant. */
    public static @Nullable String firstReport(long first, long count) {
        for (long seed = first; seed < first + count; seed++) {
            try {
                world(seed);
            } catch (Violation violation) {
                return report(new Failure(seed, violation));
            }
        }
        return null;
    }

    /** See {@code dev/simulate --help}. */
    public static void main(String[] arguments) {
        Map<String, String> options = options(arguments);
        long begun = System.nanoTime();
        if (options.containsKey("--seed")) {
            one(Long.parseLong(options.get("--seed")), options.getOrDefault("--log", "tail"));
            return;
        }
        long seeds = Long.parseLong(options.getOrDefault("--seeds", "5000"));
        long first = Long.parseLong(options.getOrDefault("--first", "0"));
        int threads = Integer.parseInt(options.getOrDefault("--threads", "2"));
        try {
            Summary summary = Summary.NONE;
            while (summary.seeds() < seeds) {
                long done = summary.seeds();
                long part = Math.min(PROGRESS_SEEDS, seeds - done);
                summary = summary.plus(run(number -> first + done + number, part, threads));
                System.out.println(summary + " in " + (System.nanoTime() - begun) / 1_000_000 + " ms");
            }
        } catch (AssertionError failure) {
            System.out.println(failure.getMessage());
            System.exit(1);
        }
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new TreeMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            if (!OPTIONS.contains(arguments[i]) || i + 1 == arguments.length) {
                System.err.println("unknown or without a value: " + arguments[i] + "; see dev/simulate --help");
                System.exit(2);
            }
            options.put(arguments[i], arguments[i + 1]);
        }
        return options;
    }

    private static void one(long seed, String log) {
        boolean full = log.equals("full");
        SimSetting drawn = SimSetting.draw(new SeededChoices(seed, "setting"));
        try {
            SimWorld world = world(seed);
            if (full) {
                System.out.print(trace(seed, drawn, new Trace(Integer.MAX_VALUE, true)));
            }
            System.out.println("seed " + seed + " holds: " + world.steps + " steps, " + world.outcomes);
        } catch (Violation violation) {
            if (full) {
                System.out.print(trace(seed, drawn, new Trace(Integer.MAX_VALUE, true)));
            }
            System.out.println(report(new Failure(seed, violation)));
            System.exit(1);
        }
    }
}
