package io.weir.queryapi.eval;

/** How far the result of a query has come; outlives a second run of its work. Used by the query's thread only. */
final class EvalProgress {
    private final Runnable onFirstResult;
    private int nextStep;
    private boolean any;

    EvalProgress(Runnable onFirstResult) {
        this.onFirstResult = onFirstResult;
    }

    /** The first step the sink has not got yet. */
    int nextStep() {
        return nextStep;
    }

    void firstResult() {
        if (!any) {
            any = true;
            onFirstResult.run();
        }
    }

    void stepDone(int step) {
        nextStep = step + 1;
        firstResult();
    }
}
