package io.weir.promql.aggregate;

import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The union of the series tables of several units, sorted and unique.
 *
 * @param ordinals by unit and position in the unit's table, the position in the union
 */
record SeriesUnion(List<Labels> series, int[][] ordinals) {
    /** A place in one unit's table. */
    private static final class Cursor {
        private final int unit;
        private final List<Labels> table;
        private final int[] order;
        private int next;

        private Cursor(int unit, List<Labels> table) {
            this.unit = unit;
            this.table = table;
            this.order = sortedOrder(table);
        }

        private Labels labels() {
            return table.get(order[next]);
        }

        /** The positions of the table in label order; workers write them in that order already. */
        private static int[] sortedOrder(List<Labels> table) {
            boolean sorted = true;
            Integer[] order = new Integer[table.size()];
            for (int i = 0; i < order.length; i++) {
                order[i] = i;
                sorted &= i == 0 || table.get(i - 1).compareTo(table.get(i)) < 0;
            }
            if (!sorted) {
                Arrays.sort(order, Comparator.comparing(table::get));
            }
            return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
        }
    }

    static SeriesUnion of(List<List<Labels>> tables) {
        PriorityQueue<Cursor> cursors =
                new PriorityQueue<>(Math.max(1, tables.size()), Comparator.comparing(Cursor::labels));
        int[][] ordinals = new int[tables.size()][];
        for (int unit = 0; unit < ordinals.length; unit++) {
            List<Labels> table = tables.get(unit);
            ordinals[unit] = new int[table.size()];
            if (!table.isEmpty()) {
                cursors.add(new Cursor(unit, table));
            }
        }
        List<Labels> series = new ArrayList<>();
        while (!cursors.isEmpty()) {
            Cursor cursor = cursors.remove();
            Labels labels = cursor.labels();
            if (series.isEmpty() || !series.getLast().equals(labels)) {
                series.add(labels);
            }
            ordinals[cursor.unit][cursor.order[cursor.next++]] = series.size() - 1;
            if (cursor.next < cursor.order.length) {
                cursors.add(cursor);
            }
        }
        return new SeriesUnion(List.copyOf(series), ordinals);
    }
}
