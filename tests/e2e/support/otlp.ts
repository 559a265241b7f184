import { postJson } from "./eventually";

/** One span and one log line of one trace, as a service named `checkout` sends them. */
export const SENT = {
  service: "checkout",
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanName: "GET /cart",
  line: "cart is empty",
} as const;

/** Sends the span and the line of it to a collector, over OTLP with HTTP, as part of the given trace. */
export async function sendTraceAndLine(otlp: string, traceId: string = SENT.traceId): Promise<void> {
  const { spanName: name, line, service } = SENT;
  const spanId = "00f067aa0ba902b7";
  const [now, later] = [`${Date.now()}000000`, `${Date.now() + 25}000000`];
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  const span = { traceId, spanId, name, kind: 2, startTimeUnixNano: now, endTimeUnixNano: later };
  const record = { timeUnixNano: now, severityText: "ERROR", body: { stringValue: line }, traceId, spanId };
  await postJson(`${otlp}/v1/traces`, { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
  await postJson(`${otlp}/v1/logs`, { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] });
}
