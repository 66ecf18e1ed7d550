package io.weir.workcoord;

/**
 * Rendezvous (highest random weight) hashing: every key ranks all workers by a score of the pair; a change of the worker
 * set moves only the keys of the worker that came or went. Scores depend on the two texts alone, on every JVM alike.
 */
public final class Rendezvous {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private Rendezvous() {}

    /** 64-bit hash of a text: FNV-1a over its UTF-16 units, finished so that every bit depends on every unit. */
    public static long hash(String text) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            hash = (hash ^ (unit & 0xff)) * FNV_PRIME;
            hash = (hash ^ (unit >>> 8)) * FNV_PRIME;
        }
        return mix(hash);
    }

    /** Score of a (key, worker) pair from their hashes; compare with {@link Long#compareUnsigned}. */
    public static long score(long keyHash, long workerHash) {
        return mix(keyHash ^ Long.rotateLeft(workerHash, 32) * 0x9e3779b97f4a7c15L);
    }

    /** Whether the first worker ranks before the second for a key; equal scores rank by id. */
    public static boolean ranksBefore(long score, String workerId, long otherScore, String otherWorkerId) {
        int compared = Long.compareUnsigned(score, otherScore);
        return compared > 0 || (compared == 0 && workerId.compareTo(otherWorkerId) < 0);
    }

    /** Finalizer of MurmurHash3 (64 bit), public domain. */
    private static long mix(long value) {
        long mixed = value;
        mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }
}
