package io.weir.sketch.codec;

import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The metadata map of an ASAPv1 envelope: a closed set of keys, none missing and none more. */
final class AsapMetadata {
    static final List<String> HASH_KEYS =
            List.of("hash_profile_id", "hash_algorithm", "seed_derivation", "input_encoding", "seed_list");

    /** The most keys any kind has. */
    private static final int KEYS_MAX = 32;

    private final Map<String, Long> numbers = new HashMap<>();
    private final Map<String, Double> fractions = new HashMap<>();
    private final Map<String, String> texts = new HashMap<>();
    private final List<Long> seeds = new ArrayList<>();

    private AsapMetadata() {}

    static AsapMetadata read(MsgpackReader reader) throws SketchFormatException {
        AsapMetadata metadata = new AsapMetadata();
        int size = reader.map();
        if (size > KEYS_MAX) {
            throw new SketchFormatException(Reason.TOO_LARGE, "metadata of " + size + " keys");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < size; i++) {
            String key = reader.text();
            if (!seen.add(key)) {
                throw new SketchFormatException(Reason.MALFORMED, "the metadata names " + key + " twice");
            }
            metadata.readValue(key, reader);
        }
        reader.requireEnd();
        return metadata;
    }

    private void readValue(String key, MsgpackReader reader) throws SketchFormatException {
        switch (key) {
            case "metadata_version", "canonical_seed_index", "matrix_seed_index", "precision", "rows", "cols", "k" ->
                numbers.put(key, reader.whole());
            case "alpha" -> fractions.put(key, reader.number());
            case "hash_profile_id",
                    "hash_algorithm",
                    "seed_derivation",
                    "input_encoding",
                    "counter_type",
                    "mode",
                    "key_type" -> texts.put(key, reader.text());
            case "seed_list" -> {
                int size = reader.array();
                if (size < 1 || size > HashProfile.SEEDS_MAX) {
                    throw new SketchFormatException(Reason.MALFORMED, "a list of " + size + " seeds");
                }
                for (int i = 0; i < size; i++) {
                    seeds.add(reader.bits());
                }
            }
            default -> throw new SketchFormatException(Reason.UNSUPPORTED, "metadata with the key " + key);
        }
    }

    void requireVersion(int from, int to) throws SketchFormatException {
        int version = version();
        if (version < from || version > to) {
            throw new SketchFormatException(Reason.UNKNOWN_VERSION, "metadata version " + version);
        }
    }

    int version() throws SketchFormatException {
        return (int) number("metadata_version", Integer.MAX_VALUE);
    }

    /** Checks that the map has exactly these keys, and that a hash specification is the one we can follow. */
    void requireKeys(List<String> hash, List<String> structure) throws SketchFormatException {
        Set<String> expected = new HashSet<>(structure);
        expected.addAll(hash);
        expected.add("metadata_version");
        Set<String> given = new HashSet<>(numbers.keySet());
        given.addAll(fractions.keySet());
        given.addAll(texts.keySet());
        if (!seeds.isEmpty()) {
            given.add("seed_list");
        }
        if (!given.equals(expected)) {
            throw new SketchFormatException(Reason.MALFORMED, "metadata with the keys " + given + ", not " + expected);
        }
        if (!hash.isEmpty()) {
            requireText("hash_algorithm", "xxh3_64_128");
            requireText("seed_derivation", "seed_list_index_wrap");
            requireText("input_encoding", "projectasap.input.v1");
        }
    }

    private void requireText(String key, String known) throws SketchFormatException {
        if (!known.equals(texts.get(key))) {
            throw new SketchFormatException(Reason.UNSUPPORTED, key + " is " + texts.get(key) + "; we know " + known);
        }
    }

    /** A number from 0 to {@code max}. */
    long number(String key, long max) throws SketchFormatException {
        Long value = numbers.get(key);
        if (value == null || value < 0 || value > max) {
            throw new SketchFormatException(Reason.MALFORMED, "metadata with " + key + " of " + value);
        }
        return value;
    }

    double fraction(String key) throws SketchFormatException {
        Double value = fractions.get(key);
        if (value == null) {
            throw new SketchFormatException(Reason.MALFORMED, "metadata without " + key);
        }
        return value;
    }

    /** The profile of a sketch that hashes once an item, with this seed. */
    HashProfile canonicalProfile(int index) throws SketchFormatException {
        requireSeed(index);
        return new HashProfile(seeds, index, 0);
    }

    /** The profile of a matrix. Its canonical seed is not named: it is the one that goes with a known list. */
    HashProfile matrixProfile(int index) throws SketchFormatException {
        requireSeed(index);
        boolean isStandard = seeds.equals(HashProfile.STANDARD.seeds());
        return new HashProfile(seeds, isStandard ? HashProfile.STANDARD.canonicalIndex() : 0, index);
    }

    private void requireSeed(int index) throws SketchFormatException {
        if (index >= seeds.size()) {
            throw new SketchFormatException(Reason.MALFORMED, "seed " + index + " of a list of " + seeds.size());
        }
    }

    ColumnHashing hashing() throws SketchFormatException {
        return switch (String.valueOf(texts.get("mode"))) {
            case "fast" -> ColumnHashing.PACKED;
            case "regular" -> ColumnHashing.ROW_BY_ROW;
            default -> throw new SketchFormatException(Reason.MALFORMED, "a mode of " + texts.get("mode"));
        };
    }

    boolean hasWholeCounters(SketchKind kind) throws SketchFormatException {
        return switch (String.valueOf(texts.get("counter_type"))) {
            case "i32", "i64" -> true;
            case "f64" -> {
                if (kind == SketchKind.COUNT_SKETCH) {
                    throw new SketchFormatException(Reason.MALFORMED, "a Count Sketch of f64 counters");
                }
                yield false;
            }
            default ->
                throw new SketchFormatException(Reason.MALFORMED, "counters of type " + texts.get("counter_type"));
        };
    }

    /** Whether keys are texts; otherwise they are whole numbers. A list without keys may name any type. */
    boolean hasTextKeys(int size) throws SketchFormatException {
        return switch (String.valueOf(texts.get("key_type"))) {
            case "string" -> true;
            case "i64" -> false;
            default -> {
                if (size > 0) {
                    throw new SketchFormatException(Reason.UNSUPPORTED, "keys of type " + texts.get("key_type"));
                }
                yield false;
            }
        };
    }
}
