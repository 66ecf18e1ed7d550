package io.weir.proto.trace;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Begins the spans with which a request or a piece of work enters this process. Thread-safe. */
public final class Tracing {
    /** Tracing that is off: all its spans are {@link Trace#OFF}. */
    public static final Tracing OFF = new Tracing(TracerProvider.noop().get("weir"), false);

    static final String TRACE_PARENT = "traceparent";
    static final String TRACE_STATE = "tracestate";

    private final Tracer tracer;
    private final boolean on;

    private Tracing(Tracer tracer, boolean on) {
        this.tracer = tracer;
        this.on = on;
    }

    /** Tracing into an SDK. */
    public static Tracing of(OpenTelemetry telemetry) {
        return new Tracing(telemetry.getTracer("io.weir"), true);
    }

    /** What another process said about the span that this process' span belongs to; empty texts for nothing. */
    private record Carrier(String traceParent, String traceState) {}

    private static final TextMapGetter<Carrier> GETTER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Carrier carrier) {
            return List.of(TRACE_PARENT, TRACE_STATE);
        }

        @Override
        public @Nullable String get(@Nullable Carrier carrier, String key) {
            String text = carrier == null
                    ? ""
                    : key.equals(TRACE_PARENT)
                            ? carrier.traceParent
                            : key.equals(TRACE_STATE) ? carrier.traceState : "";
            return text.isEmpty() ? null : text;
        }
    };

    /**
     * A span that continues the trace of another process, or begins one if there is none or what was sent is no W3C trace context.
     *
     * @param traceParent W3C traceparent; empty for none
     * @param traceState W3C tracestate; empty for none
     */
    public Trace enter(String name, SpanKind kind, String traceParent, String traceState) {
        if (!on) {
            return Trace.OFF;
        }
        Context parent = traceParent.isEmpty()
                ? Context.root()
                : W3CTraceContextPropagator.getInstance()
                        .extract(Context.root(), new Carrier(traceParent, traceState), GETTER);
        Span span = tracer.spanBuilder(name).setSpanKind(kind).setParent(parent).startSpan();
        return new Trace(tracer, span, parent.with(span));
    }
}
