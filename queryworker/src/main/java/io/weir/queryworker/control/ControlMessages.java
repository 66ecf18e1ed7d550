package io.weir.queryworker.control;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.Heartbeat;
import io.weir.proto.control.v1.WorkAccepted;
import io.weir.proto.control.v1.WorkFailed;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkRejected;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.queryworker.workmanager.WorkerWorkManager.Finished;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.agent.AgentEffect;

/** The agent's effects as messages of the protocol, and its failure kinds as the protocol's classes. */
final class ControlMessages {
    private ControlMessages() {}

    static WorkerMessage hello(ControlSettings settings, long apiSession, WorkerStatus status) {
        return WorkerMessage.newBuilder()
                .setHello(WorkerHello.newBuilder()
                        .setProtocolVersion(ControlSettings.PROTOCOL_VERSION)
                        .setWorkerId(settings.workerId())
                        .setIncarnation(settings.incarnation())
                        .setSession(apiSession)
                        .setStatus(status))
                .build();
    }

    static WorkerStatus status(AgentEffect.Status status, StorageUsage usage) {
        return WorkerStatus.newBuilder()
                .setAcceptingWork(status.acceptingWork())
                .setDraining(status.draining())
                .setCredits(status.credits())
                .setRunning(status.running())
                .setQueued(status.queued())
                .setCacheBytes(usage.cacheBytes())
                .setSpoolBytes(usage.spoolBytes())
                .build();
    }

    static WorkerMessage accepted(AgentEffect.SendAccepted accepted) {
        return WorkerMessage.newBuilder()
                .setAccepted(
                        WorkAccepted.newBuilder().setWorkId(accepted.workId()).setAttempt(accepted.attempt()))
                .build();
    }

    static WorkerMessage rejected(AgentEffect.SendRejected rejected) {
        return WorkerMessage.newBuilder()
                .setRejected(WorkRejected.newBuilder()
                        .setWorkId(rejected.workId())
                        .setAttempt(rejected.attempt())
                        .setReason(rejected.reason()))
                .build();
    }

    static WorkerMessage ready(AssignWork work, Finished finished) {
        ArtifactMeta artifact = finished.artifact();
        return WorkerMessage.newBuilder()
                .setReady(WorkReady.newBuilder()
                        .setWorkId(work.getWorkId())
                        .setAttempt(work.getAttempt())
                        .setQueryId(work.getQueryId())
                        .setLeafId(work.getLeafId())
                        .setArtifactUrl(finished.url())
                        .setArtifactSizeBytes(artifact.sizeBytes())
                        .setArtifactChecksum(artifact.checksum())
                        .setRowCount(artifact.rowCount())
                        .setMinTs(artifact.minTimestampMillis())
                        .setMaxTs(artifact.maxTimestampMillis())
                        .setParquetSchemaVersion(artifact.schemaVersion())
                        .setStatistics(finished.statistics()))
                .build();
    }

    static WorkerMessage failed(AgentEffect.SendFailed failed) {
        return WorkerMessage.newBuilder()
                .setFailed(WorkFailed.newBuilder()
                        .setWorkId(failed.workId())
                        .setAttempt(failed.attempt())
                        .setFailureClass(failureClass(failed.kind()))
                        .setMessage(failed.message()))
                .build();
    }

    static WorkerMessage heartbeat(AgentEffect.SendHeartbeat heartbeat) {
        return WorkerMessage.newBuilder()
                .setHeartbeat(
                        Heartbeat.newBuilder().setSequence(heartbeat.sequence()).setReply(heartbeat.reply()))
                .build();
    }

    static FailureKind kind(WorkFailed.FailureClass failureClass) {
        return switch (failureClass) {
            case INTERNAL, UNRECOGNIZED -> FailureKind.INTERNAL;
            case BAD_QUERY -> FailureKind.BAD_QUERY;
            case MISSING_OBJECT -> FailureKind.MISSING_OBJECT;
            case OUT_OF_MEMORY -> FailureKind.OUT_OF_MEMORY;
            case DISK_FULL -> FailureKind.DISK_FULL;
            case LIMIT_EXCEEDED -> FailureKind.LIMIT_EXCEEDED;
            case CORRUPT_OBJECT -> FailureKind.CORRUPT_OBJECT;
            case DEADLINE_EXCEEDED -> FailureKind.DEADLINE_EXCEEDED;
            case CANCELED -> FailureKind.CANCELED;
            case HANDED_BACK -> FailureKind.HANDED_BACK;
            case ARTIFACT_LOST -> FailureKind.ARTIFACT_LOST;
        };
    }

    private static WorkFailed.FailureClass failureClass(FailureKind kind) {
        return switch (kind) {
            case BAD_QUERY -> WorkFailed.FailureClass.BAD_QUERY;
            case MISSING_OBJECT -> WorkFailed.FailureClass.MISSING_OBJECT;
            case OUT_OF_MEMORY -> WorkFailed.FailureClass.OUT_OF_MEMORY;
            case DISK_FULL -> WorkFailed.FailureClass.DISK_FULL;
            case LIMIT_EXCEEDED -> WorkFailed.FailureClass.LIMIT_EXCEEDED;
            case CORRUPT_OBJECT -> WorkFailed.FailureClass.CORRUPT_OBJECT;
            case DEADLINE_EXCEEDED -> WorkFailed.FailureClass.DEADLINE_EXCEEDED;
            case CANCELED -> WorkFailed.FailureClass.CANCELED;
            case HANDED_BACK -> WorkFailed.FailureClass.HANDED_BACK;
            case ARTIFACT_LOST -> WorkFailed.FailureClass.ARTIFACT_LOST;
            // A worker's agent knows none of these; they are the API's own.
            case INTERNAL,
                    FETCH_FAILED,
                    CHECKSUM_MISMATCH,
                    WORKER_LOST,
                    NO_WORKERS,
                    QUEUE_FULL,
                    DUPLICATE_ID,
                    RETRIES_EXHAUSTED -> WorkFailed.FailureClass.INTERNAL;
        };
    }
}
