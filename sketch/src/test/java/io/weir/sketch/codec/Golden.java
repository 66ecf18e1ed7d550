package io.weir.sketch.codec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** The vectors of {@code golden.txt}. */
final class Golden {
    private static final Pattern ZEROS = Pattern.compile("\\(00\\*(\\d+)\\)");

    private Golden() {}

    static byte[] bytes(String name) {
        return Objects.requireNonNull(all().get(name), name);
    }

    static Map<String, byte[]> all() {
        Map<String, byte[]> vectors = new LinkedHashMap<>();
        try (InputStream in = Objects.requireNonNull(Golden.class.getResourceAsStream("golden.txt"))) {
            new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> {
                        int space = line.indexOf(' ');
                        String hex = ZEROS.matcher(line.substring(space + 1))
                                .replaceAll(match -> "00".repeat(Integer.parseInt(match.group(1))));
                        vectors.put(line.substring(0, space), HexFormat.of().parseHex(hex));
                    });
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return vectors;
    }
}
