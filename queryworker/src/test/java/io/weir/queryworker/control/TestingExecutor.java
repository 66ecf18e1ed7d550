package io.weir.queryworker.control;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryworker.workmanager.WorkExecutor;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Does what the work's id says: "quick", "slow" until canceled, "fail", "oom", "bug". */
final class TestingExecutor implements WorkExecutor {
    final Set<String> started = ConcurrentHashMap.newKeySet();
    final Set<String> canceled = ConcurrentHashMap.newKeySet();

    @Override
    public Result execute(WorkSpec spec, String workId, ArtifactTarget target, Cancellation cancellation)
            throws WorkFailureException {
        started.add(workId);
        if (workId.startsWith("fail")) {
            throw new WorkFailureException(FailureClass.BAD_QUERY, "bad in every way");
        }
        if (workId.startsWith("oom")) {
            throw new OutOfMemoryError("simulated");
        }
        if (workId.startsWith("bug")) {
            throw new IllegalStateException("a defect");
        }
        if (workId.startsWith("slow")) {
            untilCanceled(workId, cancellation);
        }
        ArtifactMeta artifact = new ArtifactMeta(10, "c0ffee", 3, 1_000, 2_000, 1);
        return new Result(
                artifact, WorkStatistics.newBuilder().setSamplesRead(42).build());
    }

    private void untilCanceled(String workId, Cancellation cancellation) throws WorkFailureException {
        CountDownLatch latch = new CountDownLatch(1);
        try (AutoCloseable registration = cancellation.onCancel(latch::countDown)) {
            if (latch.await(30, TimeUnit.SECONDS)) {
                canceled.add(workId);
                throw new WorkFailureException(
                        FailureClass.CANCELED,
                        "stopped " + registration.getClass().isHidden());
            }
        } catch (WorkFailureException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new WorkFailureException(FailureClass.INTERNAL, "interrupted", failure);
        }
    }
}
