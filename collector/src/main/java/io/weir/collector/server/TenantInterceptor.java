package io.weir.collector.server;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.weir.ingest.remotewrite.Tenants;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Carries the tenant that a gRPC call's metadata names, as the header of HTTP does, to the service. */
final class TenantInterceptor implements ServerInterceptor {
    private static final Metadata.Key<String> KEY =
            Metadata.Key.of(Tenants.HEADER.toLowerCase(Locale.ROOT), Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<String> TENANT = Context.key("weir-tenant");

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        String tenant = headers.get(KEY);
        Context context = tenant == null ? Context.current() : Context.current().withValue(TENANT, tenant);
        return Contexts.interceptCall(context, call, headers, next);
    }

    /** As it was sent, or null. */
    static @Nullable String current() {
        return TENANT.get();
    }
}
