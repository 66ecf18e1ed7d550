package io.weir.proto.trace;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import java.util.HashMap;
import java.util.Map;

/**
 * One span of a trace, and the way to the spans below it. Thread-safe; ending it twice is ending it once.
 *
 * <p>While tracing is off there is one instance, {@link #OFF}, whose children are itself: no object is made. A trace that is not sampled
 * makes none for its children either, but its id goes on to other processes and into the log.
 */
public final class Trace implements AutoCloseable {
    /** The span of everything while tracing is off. */
    public static final Trace OFF = new Trace(TracerProvider.noop().get("weir"), Span.getInvalid(), Context.root());

    private static final ScopedValue<Trace> CURRENT = ScopedValue.newInstance();

    private final Tracer tracer;
    private final Span span;
    private final Context context;
    private final boolean recording;

    Trace(Tracer tracer, Span span, Context context) {
        this.tracer = tracer;
        this.span = span;
        this.context = context;
        this.recording = span.isRecording();
    }

    /** The span in which this thread works. */
    public static Trace current() {
        return CURRENT.orElse(OFF);
    }

    /** Runs something in which this span is the current one. */
    public <T, X extends Throwable> T call(ScopedValue.CallableOp<T, X> operation) throws X {
        return this == OFF ? operation.call() : ScopedValue.where(CURRENT, this).call(operation);
    }

    /** Runs something in which this span is the current one. */
    public void run(Runnable operation) {
        if (this == OFF) {
            operation.run();
        } else {
            ScopedValue.where(CURRENT, this).run(operation);
        }
    }

    /** Begins a span below this one. */
    public Trace child(String name) {
        return child(name, SpanKind.INTERNAL);
    }

    /** Begins a span below this one. */
    public Trace child(String name, SpanKind kind) {
        if (!recording) {
            return this;
        }
        Span child =
                tracer.spanBuilder(name).setSpanKind(kind).setParent(context).startSpan();
        return new Trace(tracer, child, context.with(child));
    }

    /** Whether anything that is said about this span is kept; if not, it need not be computed. */
    public boolean isRecording() {
        return recording;
    }

    public Trace set(String key, String value) {
        if (recording) {
            span.setAttribute(key, value);
        }
        return this;
    }

    public Trace set(String key, long value) {
        if (recording) {
            span.setAttribute(key, value);
        }
        return this;
    }

    /** Notes that something happened now. */
    public Trace event(String name) {
        if (recording) {
            span.addEvent(name);
        }
        return this;
    }

    /** Notes that something happened now. */
    public Trace event(String name, String key, String value) {
        if (recording) {
            span.addEvent(name, Attributes.of(AttributeKey.stringKey(key), value));
        }
        return this;
    }

    /** Marks the span as failed. */
    public Trace fail(String why) {
        if (recording) {
            span.setStatus(StatusCode.ERROR, why);
        }
        return this;
    }

    /** Marks the span as failed. */
    public Trace fail(Throwable cause) {
        if (recording) {
            String message = cause.getMessage();
            fail(message == null ? cause.getClass().getSimpleName() : message);
            span.setAttribute("error.type", cause.getClass().getName());
        }
        return this;
    }

    /** The trace's id in hexadecimal; empty while tracing is off. */
    public String traceId() {
        return span.getSpanContext().isValid() ? span.getSpanContext().getTraceId() : "";
    }

    /** W3C traceparent with this span as the parent; empty while tracing is off. */
    public String traceParent() {
        if (!span.getSpanContext().isValid()) {
            return "";
        }
        Map<String, String> carrier = new HashMap<>();
        W3CTraceContextPropagator.getInstance().inject(context, carrier, (into, key, value) -> {
            if (into != null) {
                into.put(key, value);
            }
        });
        return carrier.getOrDefault(Tracing.TRACE_PARENT, "");
    }

    /** Ends the span. */
    @Override
    public void close() {
        if (recording) {
            span.end();
        }
    }
}
