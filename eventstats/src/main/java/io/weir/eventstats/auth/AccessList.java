package io.weir.eventstats.auth;

/** Who may read which rows of which topic. */
@FunctionalInterface
public interface AccessList {
    /**
     * What a caller may read of a topic; users are compared without regard to case.
     *
     * @param topic its name in lower case
     */
    TopicAccess access(Caller caller, String topic);
}
