package io.weir.precompute.suggestion;

/**
 * What is suggested.
 *
 * @param repetitionMillisMax longest median time between two runs of a query that is suggested
 * @param occurrencesMin fewest runs
 * @param granularityMillisMin shortest granularity that is suggested
 * @param windowMillisDefault how far back the history is read if a request does not say
 * @param windowMillisMax furthest a request may say
 * @param queriesMax different queries that are looked at, those of the most time first
 * @param suggestionsMax most of them in one answer
 * @param unusedMillis a job that answered nothing for so long is flagged
 * @param connectionsMax connections to the database, and so requests answered at one time
 * @param statementMillisMax longest a statement may take
 */
public record SuggestionSettings(
        long repetitionMillisMax,
        int occurrencesMin,
        long granularityMillisMin,
        long windowMillisDefault,
        long windowMillisMax,
        int queriesMax,
        int suggestionsMax,
        long unusedMillis,
        int connectionsMax,
        long statementMillisMax) {
    private static final long HOUR_MILLIS = 3_600_000;

    public static final SuggestionSettings DEFAULT = new SuggestionSettings(
            300_000, 5, 1_000, 24 * HOUR_MILLIS, 30 * 24 * HOUR_MILLIS, 500, 100, 24 * HOUR_MILLIS, 2, 10_000);

    public SuggestionSettings {
        requireAtLeast("repetition-millis-max", repetitionMillisMax, 1_000);
        requireAtLeast("occurrences-min", occurrencesMin, 2);
        requireAtLeast("granularity-millis-min", granularityMillisMin, 1_000);
        requireAtLeast("window-millis-default", windowMillisDefault, 60_000);
        requireAtLeast("window-millis-max", windowMillisMax, windowMillisDefault);
        requireAtLeast("queries-max", queriesMax, 1);
        requireAtLeast("suggestions-max", suggestionsMax, 1);
        requireAtLeast("unused-millis", unusedMillis, 1_000);
        requireAtLeast("connections-max", connectionsMax, 1);
        requireAtLeast("statement-millis-max", statementMillisMax, 1);
    }

    private static void requireAtLeast(String name, long value, long min) {
        if (value < min) {
            throw new IllegalArgumentException(
                    "precompute-suggestions-" + name + " is " + value + "; set at least " + min);
        }
    }
}
