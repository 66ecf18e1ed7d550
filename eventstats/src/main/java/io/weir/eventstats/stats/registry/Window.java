package io.weir.eventstats.stats.registry;

import java.util.List;

/**
 * The window of time of a named query: {@code window_days} back from now, or {@code timestamp_start} and {@code timestamp_end} in epoch ms.
 *
 * @param daysDefault without any of them
 * @param daysMax longest that {@code window_days} may say
 * @param aliases other names of {@code window_days}
 */
public record Window(int daysDefault, int daysMax, List<String> aliases) {
    public static final String DAYS = "window_days";
    public static final String START = "timestamp_start";
    public static final String END = "timestamp_end";

    /** In SQL: the window in epoch ms, as bigint. */
    public static final String START_MILLIS = "window_start";

    public static final String END_MILLIS = "window_end";

    /** In SQL: the window as timestamptz. */
    public static final String START_TIME = "window_start_time";

    public static final String END_TIME = "window_end_time";

    public Window {
        aliases = List.copyOf(aliases);
    }
}
