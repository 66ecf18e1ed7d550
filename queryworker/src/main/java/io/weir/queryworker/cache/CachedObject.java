package io.weir.queryworker.cache;

import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.Segment;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.util.regex.Pattern;

/** One object of a segment: where it is and what it must be. */
record CachedObject(String segmentId, String objectKey, long sizeBytes, String checksum) {
    private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");

    static CachedObject blocks(Segment segment) throws WorkFailureException {
        return checked(new CachedObject(
                segment.getId(), segment.getBlocksKey(), segment.getBlocksSizeBytes(), segment.getBlocksChecksum()));
    }

    static CachedObject series(Segment segment) throws WorkFailureException {
        return checked(new CachedObject(
                segment.getId(), segment.getSeriesKey(), segment.getSeriesSizeBytes(), segment.getSeriesChecksum()));
    }

    private static CachedObject checked(CachedObject object) throws WorkFailureException {
        // The checksum becomes a file name.
        if (!SHA_256.matcher(object.checksum).matches() || object.sizeBytes < 0) {
            throw new WorkFailureException(
                    FailureClass.INTERNAL,
                    "the work's segment " + object.segmentId + " comes without a SHA-256 and a size for "
                            + object.objectKey);
        }
        return object;
    }

    /** Objects with the same content are one. */
    String contentId() {
        return checksum + "-" + sizeBytes;
    }

    String describe() {
        return "object " + objectKey + " of segment " + segmentId;
    }
}
