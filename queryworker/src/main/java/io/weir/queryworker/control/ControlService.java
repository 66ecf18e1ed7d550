package io.weir.queryworker.control;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;

/** The gRPC service: every call becomes a stream of the shell. */
final class ControlService extends WorkerControlGrpc.WorkerControlImplBase {
    private final AgentShell shell;

    ControlService(AgentShell shell) {
        this.shell = shell;
    }

    @Override
    public StreamObserver<ApiMessage> connect(StreamObserver<WorkerMessage> responses) {
        return shell.connected((ServerCallStreamObserver<WorkerMessage>) responses);
    }
}
