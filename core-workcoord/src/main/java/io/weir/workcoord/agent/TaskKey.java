package io.weir.workcoord.agent;

/** One attempt at a piece of work. */
public record TaskKey(String workId, int attempt) {}
