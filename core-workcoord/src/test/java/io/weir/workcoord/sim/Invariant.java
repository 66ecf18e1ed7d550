package io.weir.workcoord.sim;

/** What must hold in every simulated world; the name begins every message about a violation. */
enum Invariant {
    I1("at most one commit per piece of work"),
    I2("a terminal state is never left; a query ends once"),
    I3("no effect to a session that is not live when the step ends"),
    I4("work that is not over has live owners or waits in the queue, never both"),
    I5("a commit is of the artifact of the current attempt of a live session and incarnation"),
    I6("no assignment to a worker out of rotation or beyond its credits; its unstarted work moves at once, the"
            + " rest stays"),
    I7("a worker that tried the work is not chosen again while another accepts work"),
    I8("placement is the best ranked worker; a change of the worker set moves only keys of the changed worker"),
    I9("a query that is over causes cancellations and acknowledgements only, all of them, and nothing of it is kept"),
    I10("nothing runs on a worker for a session that is gone, or after its cancellation or deadline"),
    I11("an artifact is deleted only on acknowledgement, cancellation, the end of its session, expiry or eviction"),
    I12("attempts, retries, queues, slots and credits stay within their limits, and only a limit reached fails a"
            + " query"),
    I13("the same events give the same effects"),
    I14("views change nothing"),
    L1("everything submitted ends, and is forgotten, within bounded time after the faults end"),
    L2("no storm of messages"),
    L3("a drain ends within its limit"),
    L4("silence is detected within three heartbeats, deadlines when due, and neither before"),
    L5("work is placed in the step in which that becomes possible"),
    F1("the next free place goes to the tenant, query and API with least work on the workers"),
    H1("a straggler gets one second attempt, elsewhere, within the budget, on room nothing queued wants"),
    B1("background work gets what interactive work leaves, and of a worker's credits its share"),
    /** An assertion of the core itself. */
    CORE("the core's own assertions hold");

    final String meaning;

    Invariant(String meaning) {
        this.meaning = meaning;
    }
}
