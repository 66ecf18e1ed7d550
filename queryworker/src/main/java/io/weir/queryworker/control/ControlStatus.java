package io.weir.queryworker.control;

/**
 * The worker's end of the control streams at a moment.
 *
 * @param failed a defect ended it; the process has to be restarted
 */
public record ControlStatus(
        boolean acceptingWork,
        boolean draining,
        boolean drained,
        boolean failed,
        int sessions,
        int running,
        int queued,
        int artifactsWaiting) {}
