package io.weir.eventstats.stats.paging;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What EventGate computes for a row of a job: {@code run_date}, {@code run_status}, {@code formatted_tenant}, {@code elapsed_time},
 * {@code start_time}, {@code end_time}. A status that is not {@code failed} stays what it is; EventGate calls killed and skipped succeeded.
 */
final class JobShape {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("dd-MM-uuuu", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private JobShape() {}

    static void write(JsonGenerator json, ResultSet row) throws IOException, SQLException {
        Long start = row.getObject("timestamp_start", Long.class);
        Long end = row.getObject("timestamp_end", Long.class);
        json.writeStringField("run_date", format(DATE, row.getObject("run_timestamp_start", Long.class)));
        json.writeStringField("run_status", runStatus(row.getString("status"), row.getString("message")));
        json.writeStringField("formatted_tenant", row.getString("tenant_id").toLowerCase(Locale.ROOT));
        Long elapsed = elapsed(start, end);
        if (elapsed == null) {
            json.writeNullField("elapsed_time");
        } else {
            json.writeNumberField("elapsed_time", elapsed);
        }
        json.writeStringField("start_time", format(TIME, start));
        json.writeStringField("end_time", format(TIME, end));
    }

    /** A failure that says why it is none gets a status of its own. */
    static String runStatus(String status, @Nullable String message) {
        String lower = status.toLowerCase(Locale.ROOT);
        if (!lower.equals("failed")) {
            return lower;
        }
        String text = message == null ? "" : message.toLowerCase(Locale.ROOT);
        if (text.contains("no data")) {
            return "no data received";
        }
        return text.contains("no records to send") ? "no data produced" : "failed";
    }

    /** Null if one is missing, or if they are too far apart for a long. */
    static @Nullable Long elapsed(@Nullable Long start, @Nullable Long end) {
        if (start == null || end == null) {
            return null;
        }
        long elapsed = end - start;
        boolean overflow = ((end ^ start) & (end ^ elapsed)) < 0;
        return overflow ? null : elapsed;
    }

    static @Nullable String format(DateTimeFormatter format, @Nullable Long millis) {
        return millis == null ? null : format.format(Instant.ofEpochMilli(millis));
    }
}
