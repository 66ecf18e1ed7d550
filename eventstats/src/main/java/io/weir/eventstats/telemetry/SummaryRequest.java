package io.weir.eventstats.telemetry;

import io.javalin.http.Context;
import io.weir.eventstats.telemetry.TtfsEvent.Surface;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.JsonRequests;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a summary is asked for, in whole hours or days of UTC.
 *
 * @param from start of the first hour or day
 * @param to end of the last one
 * @param surface null for all
 * @param type null for all
 */
record SummaryRequest(
        Granularity granularity,
        Instant from,
        Instant to,
        @Nullable Surface surface,
        TtfsEvent.@Nullable Type type) {
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,11}(\\.[0-9]{1,9})?");
    /** Where PostgreSQL's times and ours can both be computed with. */
    private static final Instant LATEST = Instant.parse("9000-01-01T00:00:00Z");

    /** Length of the rows' times. */
    enum Granularity {
        HOUR(ChronoUnit.HOURS),
        DAY(ChronoUnit.DAYS);

        private final ChronoUnit unit;

        Granularity(ChronoUnit unit) {
            this.unit = unit;
        }

        /** As in requests and answers. */
        String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        private Instant start(Instant time) {
            return time.truncatedTo(unit);
        }

        private Instant end(Instant time) {
            Instant start = start(time);
            return start.equals(time) ? time : start.plus(1, unit);
        }
    }

    /**
     * Reads {@code granularity}, {@code surface}, {@code event_type}, {@code from} and {@code to}; times are RFC 3339 or seconds since 1970.
     *
     * @param granularity what the route is about; null if the request says it
     * @param unitsDefault hours or days if the request names no start
     * @throws QueryException.BadData if one is not valid, or the window is longer than allowed
     */
    static SummaryRequest read(
            Context context,
            @Nullable Granularity granularity,
            Instant now,
            int unitsDefault,
            TelemetrySettings settings) {
        Granularity asked = granularity != null
                ? granularity
                : orElse(one(context, "granularity", Granularity.values(), Granularity::text), Granularity.HOUR);
        Instant to = asked.end(orElse(time(context, "to"), now));
        Instant fromDefault = to.minus(unitsOf(asked, unitsDefault));
        Instant from = asked.start(orElse(time(context, "from"), fromDefault));
        if (!from.isBefore(to)) {
            throw new QueryException.BadData("parameter \"from\" must be before \"to\"");
        }
        long unitsMax = asked == Granularity.HOUR ? settings.summaryHoursMax() : settings.summaryDaysMax();
        if (asked.unit.between(from, to) > unitsMax) {
            throw new QueryException.BadData("the window from \"from\" to \"to\" has more than " + unitsMax + " "
                    + asked.text() + "s (telemetry-summary-" + asked.text() + "s-max); ask for less"
                    + (asked == Granularity.HOUR && granularity == null ? ", or with granularity=day" : ""));
        }
        return new SummaryRequest(
                asked,
                from,
                to,
                one(context, "surface", Surface.values(), Surface::text),
                one(context, "event_type", TtfsEvent.Type.values(), TtfsEvent.Type::text));
    }

    private static Duration unitsOf(Granularity granularity, int units) {
        return granularity.unit.getDuration().multipliedBy(units);
    }

    private static <T> T orElse(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private static <T> @Nullable T one(Context context, String name, T[] values, Function<T, String> text) {
        String given = JsonRequests.parameter(context, name);
        if (given == null) {
            return null;
        }
        for (T value : values) {
            if (text.apply(value).equals(given)) {
                return value;
            }
        }
        List<String> names = Arrays.stream(values).map(text).toList();
        throw new QueryException.BadData("parameter \"" + name + "\" must be one of " + String.join(", ", names)
                + ", but is \"" + JsonRequests.shown(given) + "\"");
    }

    private static @Nullable Instant time(Context context, String name) {
        String given = JsonRequests.parameter(context, name);
        if (given == null) {
            return null;
        }
        Instant time;
        try {
            time = SECONDS.matcher(given).matches()
                    ? ofSeconds(new BigDecimal(given))
                    : OffsetDateTime.parse(given).toInstant();
        } catch (DateTimeException e) {
            throw notATime(name, given);
        }
        if (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST)) {
            throw notATime(name, given);
        }
        return time;
    }

    private static Instant ofSeconds(BigDecimal seconds) {
        return Instant.ofEpochMilli(
                seconds.movePointRight(3).setScale(0, RoundingMode.FLOOR).longValueExact());
    }

    private static QueryException.BadData notATime(String name, String given) {
        return new QueryException.BadData("parameter \"" + name + "\" must be a time of RFC 3339 such as"
                + " 2026-01-31T12:00:00Z, or seconds since 1970, but is \"" + JsonRequests.shown(given) + "\"");
    }
}
