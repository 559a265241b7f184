import { context, propagation, SpanKind, SpanStatusCode, trace, type Context, type Span } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { Resource } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

export type Level = "info" | "warn" | "error";

/** Sends this process's spans to the collector. */
export function startTracing(service: string, otlpUrl: string): void {
  const provider = new BasicTracerProvider({
    resource: new Resource({ "service.name": service, "service.namespace": "pyairtable" }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }), { scheduledDelayMillis: 2_000 }),
    ],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
}

/** A piece of work with a span of its own. It is handed on from function to function, so nothing hides the parent. */
export class Task {
  readonly #context: Context;

  private constructor(
    private readonly span: Span,
    parent: Context,
  ) {
    this.#context = trace.setSpan(parent, span);
  }

  /** The work of answering a request whose headers may name a trace that it belongs to. */
  static ofRequest(name: string, headers: unknown, attributes: Record<string, string>): Task {
    return Task.start(name, SpanKind.SERVER, propagation.extract(context.active(), headers), attributes);
  }

  /** Work that nothing caused. */
  static root(name: string): Task {
    return Task.start(name, SpanKind.INTERNAL, context.active(), {});
  }

  private static start(name: string, kind: SpanKind, parent: Context, attributes: Record<string, string>): Task {
    return new Task(trace.getTracer("demo").startSpan(name, { kind, attributes }, parent), parent);
  }

  /** Runs a part of this work as a span below this one; an error marks the span and goes on. */
  async part<T>(name: string, kind: SpanKind, attributes: Record<string, string>, run: (task: Task) => Promise<T>) {
    const task = Task.start(name, kind, this.#context, attributes);
    try {
      const result = await run(task);
      task.end();
      return result;
    } catch (error) {
      task.end(String(error));
      throw error;
    }
  }

  /** Headers for a request that continues this work elsewhere. */
  headers(): Record<string, string> {
    const carrier: Record<string, string> = {};
    propagation.inject(this.#context, carrier);
    return carrier;
  }

  set(name: string, value: string | number): void {
    this.span.setAttribute(name, value);
  }

  /** @param problem what went wrong, if the work failed. */
  end(problem?: string): void {
    if (problem !== undefined) this.span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    this.span.end();
  }

  /** One line of JSON on standard output, with the trace it belongs to. */
  log(level: Level, message: string, fields: Record<string, unknown> = {}): void {
    const { traceId, spanId } = this.span.spanContext();
    const time = new Date().toISOString();
    console.log(JSON.stringify({ time, level, message, trace_id: traceId, span_id: spanId, ...fields }));
  }
}
