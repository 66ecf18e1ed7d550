package io.weir.precompute.result;

/** How far a value may be off. */
public sealed interface ErrorBound {
    /** For headers and infos, such as {@code relative 0.01}. */
    String text();

    /** As exact as an ordinary query. */
    record Exact() implements ErrorBound {
        @Override
        public String text() {
            return "exact";
        }
    }

    /** Each value is within this share of the exact one of its rank. */
    record Relative(double share) implements ErrorBound {
        @Override
        public String text() {
            return "relative " + share;
        }
    }

    /** The relative standard error of each value. */
    record StandardError(double share) implements ErrorBound {
        @Override
        public String text() {
            return "relative standard error " + share;
        }
    }

    /** Each count is at most this much off, with high probability. */
    record Absolute(double amount) implements ErrorBound {
        @Override
        public String text() {
            return "absolute " + amount;
        }
    }

    /**
     * A bound that holds for the samples which the source let into its sketches, a share of all.
     *
     * @param probability of a sample to be among them, above 0 and below 1
     */
    record OfSample(double probability, ErrorBound within) implements ErrorBound {
        @Override
        public String text() {
            return within.text() + " of a sample of " + probability;
        }
    }
}
