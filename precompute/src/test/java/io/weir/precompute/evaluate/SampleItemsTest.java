package io.weir.precompute.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weir.promql.function.SampleItems;
import io.weir.sketch.SampleSketches;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Exact functions and sketches name the same value alike: they share no code, because neither module sees the other. */
final class SampleItemsTest {
    @Test
    void sketchesAndExactFunctionsHaveTheSameItems() {
        long seed = 20261122;
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 1_000_000; i++) {
            double value = switch (i % 4) {
                case 0 -> Double.longBitsToDouble(random.nextLong());
                case 1 -> random.nextInt(1_000_000) / 1_000.0;
                case 2 -> random.nextLong();
                default -> (random.nextInt(19) - 9) * Math.pow(10, random.nextInt(60) - 30);
            };
            assertEquals(SampleSketches.text(value), SampleItems.text(value), () -> "seed=" + seed + " value=" + value);
        }
        for (double value : new double[] {0, -0.0, 1e-6, 1e21, 1e15, 4.9e-324, Double.MAX_VALUE, Double.NaN, 1.0 / 0}) {
            assertEquals(SampleSketches.text(value), SampleItems.text(value));
            assertEquals(SampleSketches.text(-value), SampleItems.text(-value));
        }
    }
}
