package io.weir.ingest.load;

import io.weir.ingest.openmetrics.MetricType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Joins the TYPE, HELP and UNIT lines of families; the caller bounds it by taking them in time. */
public final class MetadataCollector {
    private final Map<String, FamilyMetadata> families = new LinkedHashMap<>();
    private String newest = "";

    public void type(String family, MetricType type) {
        FamilyMetadata old = of(family);
        families.put(family, new FamilyMetadata(family, type, old.help(), old.unit()));
    }

    public void help(String family, String help) {
        FamilyMetadata old = of(family);
        families.put(family, new FamilyMetadata(family, old.type(), help, old.unit()));
    }

    public void unit(String family, String unit) {
        FamilyMetadata old = of(family);
        families.put(family, new FamilyMetadata(family, old.type(), old.help(), unit));
    }

    /** Number of families. */
    public int size() {
        return families.size();
    }

    /** Removes and returns all, in the order in which they came. */
    public List<FamilyMetadata> takeAll() {
        List<FamilyMetadata> taken = new ArrayList<>(families.values());
        families.clear();
        return taken;
    }

    /** Removes and returns all but the family of the last call. */
    List<FamilyMetadata> takeAllButNewest() {
        FamilyMetadata kept = families.remove(newest);
        List<FamilyMetadata> taken = takeAll();
        if (kept != null) {
            families.put(newest, kept);
        }
        return taken;
    }

    private FamilyMetadata of(String family) {
        newest = family;
        FamilyMetadata known = families.get(family);
        return known == null ? new FamilyMetadata(family, MetricType.UNKNOWN, "", "") : known;
    }
}
