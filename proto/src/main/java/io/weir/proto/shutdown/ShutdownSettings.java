package io.weir.proto.shutdown;

/**
 * Limits of the end of a process, beside the time it gives to running queries or to a drain.
 *
 * @param partMillisMax longest close of one part; one that hangs is left behind and the others still end
 * @param totalMillisMax after which the process is ended with exit code 1 whatever it does
 */
public record ShutdownSettings(long partMillisMax, long totalMillisMax) {
    /** 7 s for a part, as its own waits may take 6; 15 s for all. */
    public static final ShutdownSettings DEFAULT = new ShutdownSettings(7_000, 15_000);

    public ShutdownSettings {
        if (partMillisMax < 10 || totalMillisMax < partMillisMax || totalMillisMax > 3_600_000) {
            throw new IllegalArgumentException("shutdown-part-millis-max is " + partMillisMax
                    + " and shutdown-total-millis-max " + totalMillisMax
                    + "; set the first to at least 10 and the second to a value from it to 3600000");
        }
    }
}
