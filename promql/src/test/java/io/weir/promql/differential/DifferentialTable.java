package io.weir.promql.differential;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** The tricky queries of {@code differential/queries.txt}: one in each line, lines that begin with ## left out. */
final class DifferentialTable {
    private DifferentialTable() {}

    static List<String> queries() throws IOException {
        try (InputStream stream = Objects.requireNonNull(
                DifferentialTable.class.getResourceAsStream("/differential/queries.txt"), "queries.txt is missing")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("##"))
                    .toList();
        }
    }
}
