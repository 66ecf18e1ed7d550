package io.weir.precompute.job;

/** @param jobId opaque, never used twice */
public record Job(String jobId, JobSpec spec, long createdAtMillis) {}
