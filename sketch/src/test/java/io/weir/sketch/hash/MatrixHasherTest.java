package io.weir.sketch.hash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Columns and signs of keys: against what published sketches show, and spread evenly. */
class MatrixHasherTest {
    @Test
    void packedColumnsAreThoseOfAPublishedDelta() {
        // The columns of row 0 of sketchlib-go's delta of flow-0 to flow-9 in a matrix of 4 x 2048 (see
        // DeltaCodecTest).
        int[] published = {193, 306, 1078, 1079, 1160, 1212, 1730, 1734, 1937, 1979};
        MatrixHasher hasher = new MatrixHasher(4, 2048, ColumnHashing.PACKED, HashProfile.STANDARD);
        int[] columns = new int[10];
        int[] cells = new int[4];
        for (int i = 0; i < 10; i++) {
            hasher.locate(("flow-" + i).getBytes(StandardCharsets.UTF_8), cells);
            columns[i] = MatrixHasher.column(cells[0]);
        }
        Arrays.sort(columns);
        assertThat(columns).containsExactly(published);
    }

    @Test
    void rowByRowTakesTheLowerHalfAndTheHighestBitOfEachRowsHash() {
        MatrixHasher hasher = new MatrixHasher(3, 1000, ColumnHashing.ROW_BY_ROW, HashProfile.STANDARD);
        byte[] key = "k".getBytes(StandardCharsets.UTF_8);
        int[] cells = new int[3];
        hasher.locate(key, cells);
        for (int row = 0; row < 3; row++) {
            long hash = Xxh3.hash64(key, HashProfile.STANDARD.seeds().get(row));
            assertThat(MatrixHasher.column(cells[row])).isEqualTo((int) ((hash & 0xFFFFFFFFL) % 1000));
            assertThat(MatrixHasher.sign(cells[row])).isEqualTo(hash < 0 ? 1 : -1);
        }
    }

    @Test
    void everyWidthSpreadsKeysAndSignsEvenly() {
        int keys = 20_000;
        for (int[] shape : new int[][] {{4, 64}, {5, 4096}, {3, 1000}, {8, 65_536}, {7, 1}}) {
            for (ColumnHashing hashing : ColumnHashing.values()) {
                MatrixHasher hasher = new MatrixHasher(shape[0], shape[1], hashing, HashProfile.STANDARD);
                int[] cells = new int[shape[0]];
                int[] plus = new int[shape[0]];
                int[] inLowerHalf = new int[shape[0]];
                for (int i = 0; i < keys; i++) {
                    hasher.locate(("key " + i).getBytes(StandardCharsets.UTF_8), cells);
                    for (int row = 0; row < shape[0]; row++) {
                        int column = MatrixHasher.column(cells[row]);
                        assertThat(column).isBetween(0, shape[1] - 1);
                        plus[row] += MatrixHasher.sign(cells[row]) > 0 ? 1 : 0;
                        inLowerHalf[row] += column < shape[1] / 2 ? 1 : 0;
                    }
                }
                for (int row = 0; row < shape[0]; row++) {
                    assertThat(plus[row])
                            .as("signs of row %d of %s %s", row, Arrays.toString(shape), hashing)
                            .isBetween(keys * 47 / 100, keys * 53 / 100);
                    if (shape[1] > 1) {
                        assertThat(inLowerHalf[row])
                                .as("columns of row %d of %s %s", row, Arrays.toString(shape), hashing)
                                .isBetween(keys * 46 / 100, keys * 54 / 100);
                    }
                }
            }
        }
    }

    @Test
    void moreRowsThanSeedsAreRefused() {
        assertThatThrownBy(() -> new MatrixHasher(21, 8, ColumnHashing.PACKED, HashProfile.STANDARD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more rows (21) than seeds (20)");
    }
}
