package io.weir.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The log of a process from some moment on: what was written before is not looked at. */
final class TestingLog {
    private static final Pattern LINE = Pattern.compile("(\\d{4}-\\d\\d-\\d\\dT\\S+) +\\S+ +\\S+ (.*)");

    private final Path file;
    private final int from;

    /** A line with its time, as the process wrote it. */
    record Line(Instant time, String text) {
        long millisAfter(Instant start) {
            return Duration.between(start, time).toMillis();
        }
    }

    /** From now on. */
    TestingLog(Path file) {
        this.file = file;
        this.from = text().length();
    }

    private String text() {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException("log " + file + " cannot be read", e);
        }
    }

    /** What was written since. */
    String since() {
        return text().substring(from);
    }

    /** The lines written since in which the expression is found. */
    List<Line> lines(String expression) {
        Pattern wanted = Pattern.compile(expression);
        List<Line> lines = new ArrayList<>();
        for (String line : since().split("\n", -1)) {
            Matcher parts = LINE.matcher(line);
            if (parts.matches() && wanted.matcher(parts.group(2)).find()) {
                lines.add(new Line(OffsetDateTime.parse(parts.group(1)).toInstant(), parts.group(2)));
            }
        }
        return lines;
    }

    /** The first line written since in which the expression is found; waits for it. */
    Line await(String expression, Duration limit) throws InterruptedException {
        Await.until(
                "a log line with " + expression, limit, () -> !lines(expression).isEmpty(), this::since);
        return lines(expression).getFirst();
    }

    Optional<Line> last(String expression) {
        List<Line> lines = lines(expression);
        return lines.isEmpty() ? Optional.empty() : Optional.of(lines.getLast());
    }
}
