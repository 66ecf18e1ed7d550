package io.weir.sketch.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weir.sketch.SketchKey;
import io.weir.sketch.SketchKind;
import io.weir.sketch.codec.SketchFormatException.Reason;
import io.weir.sketch.delta.DeltaChanges;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Bytes of deltas. */
class DeltaCodecTest {
    private static final DeltaCodec CODEC = new DeltaCodec(DecodeLimits.DEFAULT);

    private static void assertRefused(Reason reason, byte[] bytes, SketchKind kind) {
        SketchFormatException refused =
                catchThrowableOfType(SketchFormatException.class, () -> CODEC.decodeBare(bytes, kind));
        assertThat(refused).as("refused as %s", reason).isNotNull();
        assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(reason);
    }

    @Test
    void binsComeWithTheirIndexes() throws SketchFormatException {
        byte[] bytes = Bytes.proto(delta -> {
            for (int i = 0; i < 2; i++) {
                int index = -5 + i;
                delta.writeByteArray(1, Bytes.proto(bucket -> {
                    bucket.writeSInt32(1, index);
                    bucket.writeUInt64(2, 3);
                }));
            }
        });
        assertThat(CODEC.decodeBare(bytes, SketchKind.DDSKETCH))
                .isEqualTo(new DeltaChanges.Bins(
                        List.of(new DeltaChanges.Bins.Bin(-5, 3), new DeltaChanges.Bins.Bin(-4, 3))));
    }

    @Test
    void registersComePacked() throws SketchFormatException {
        byte[] bytes = Bytes.proto(out -> out.writeByteArray(1, new byte[] {3, 7, (byte) 0x80, 1, 2}));
        assertThat(CODEC.decodeBare(bytes, SketchKind.HYPERLOGLOG))
                .isEqualTo(new DeltaChanges.Registers(List.of(
                        new DeltaChanges.Registers.Register(3, 7), new DeltaChanges.Registers.Register(131, 2))));
        assertThat(CODEC.decodeBare(new byte[0], SketchKind.HYPERLOGLOG))
                .isEqualTo(new DeltaChanges.Registers(List.of()));
    }

    @Test
    void registersThatMayBeOldOrPackedAreNotGuessed() {
        byte[] old = Bytes.proto(update -> {
            update.writeUInt32(1, 300);
            update.writeUInt32(2, 7);
        });
        assertRefused(Reason.AMBIGUOUS, Bytes.proto(out -> out.writeByteArray(1, old)), SketchKind.HYPERLOGLOG);
        byte[] several = Bytes.proto(out -> {
            out.writeByteArray(1, old);
            out.writeByteArray(1, old);
        });
        assertRefused(Reason.UNSUPPORTED, several, SketchKind.HYPERLOGLOG);
    }

    @Test
    void cellsComeAsMessagesOfOldAndKeysOfTopLists() throws SketchFormatException {
        byte[] bytes = Bytes.proto(out -> {
            out.writeUInt32(1, 2);
            out.writeUInt32(2, 4);
            out.writeByteArray(3, Bytes.proto(cell -> {
                cell.writeUInt32(1, 1);
                cell.writeUInt32(2, 3);
                cell.writeDouble(3, -2.5);
            }));
            out.writeByteArray(
                    5,
                    Bytes.proto(top -> top.writeByteArray(2, Bytes.proto(entry -> {
                        entry.writeString(1, "old");
                        entry.writeDouble(2, 99);
                    }))));
            out.writeString(6, "new");
        });
        assertThat(CODEC.decodeBare(bytes, SketchKind.COUNT_SKETCH))
                .isEqualTo(new DeltaChanges.Cells(
                        SketchKind.COUNT_SKETCH,
                        2,
                        4,
                        List.of(new DeltaChanges.Cells.Cell(1, 3, -2.5)),
                        List.of(SketchKey.of("old"), SketchKey.of("new"))));
    }

    @Test
    void deltasThatContradictThemselvesAreRefused() {
        assertRefused(
                Reason.MALFORMED,
                Bytes.proto(out -> {
                    out.writeUInt32(1, 2);
                    out.writeUInt32(2, 4);
                    out.writeByteArray(9, new byte[] {0, 1});
                    out.writeByteArray(10, new byte[] {0});
                    out.writeByteArray(11, new byte[] {2, 2});
                }),
                SketchKind.COUNT_MIN);
        assertRefused(
                Reason.MALFORMED,
                Bytes.proto(out -> {
                    out.writeUInt32(1, 2);
                    out.writeUInt32(2, 4);
                    out.writeByteArray(9, new byte[] {2});
                    out.writeByteArray(10, new byte[] {0});
                    out.writeByteArray(11, new byte[] {2});
                }),
                SketchKind.COUNT_MIN);
        assertRefused(
                Reason.MALFORMED, Bytes.proto(out -> out.writeByteArray(1, new byte[] {3, 0})), SketchKind.HYPERLOGLOG);
        assertRefused(
                Reason.TRUNCATED, Bytes.proto(out -> out.writeByteArray(1, new byte[] {3})), SketchKind.HYPERLOGLOG);
    }
}
