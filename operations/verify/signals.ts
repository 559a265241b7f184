import { setTimeout as sleep } from "node:timers/promises";

import { failed, ok, warning, type Check } from "../checks";
import { getJson } from "../http";
import type { Outcome, Post } from "../platform/client";
import { programNamed, type Session } from "../session";

/** How long a signal may be on its way. On a healthy stack it takes a second or two. */
const WAIT_MS = 10_000;
const POLL_MS = 250;

const SERVICE = "monitoring-verify";
const METRIC = "monitoring_verify";

/** What is sent and looked for: one of each kind, recognisable by an id that was never used before. */
export interface Probe {
  /** 32 hexadecimal digits: the trace's id, and in the line's text. */
  readonly id: string;
  /** The sample's value. */
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A signal's way through the stack. */
export interface Way {
  readonly signal: "metric" | "trace" | "log";
  /** The program that keeps it. */
  readonly store: string;
  /** Whether the store at an address has it. */
  readonly find: (address: string, probe: Probe) => Promise<boolean>;
}

const WAYS: readonly Way[] = [
  {
    signal: "metric",
    store: "prometheus",
    find: async (address, { value }) => {
      type Answer = { readonly data: { readonly result: readonly unknown[] } };
      const query = encodeURIComponent(`${METRIC} == ${value}`);
      return (await getJson<Answer>(`${address}/api/v1/query?query=${query}`)).data.result.length > 0;
    },
  },
  {
    signal: "trace",
    store: "jaeger",
    find: async (address, { id }) => {
      const response = await fetch(`${address}/api/traces/${id}`, { signal: AbortSignal.timeout(5_000) });
      return response.ok;
    },
  },
  {
    signal: "log",
    store: "loki",
    find: async (address, { id }) => {
      type Answer = { readonly data: { readonly result: readonly unknown[] } };
      const query = encodeURIComponent(`{service_name="${SERVICE}"} |= "${id}"`);
      return (
        (await getJson<Answer>(`${address}/loki/api/v1/query_range?query=${query}&since=5m`)).data.result.length > 0
      );
    },
  },
];

/** Sends a metric, a trace and a log line as a service would, and finds each in the store that keeps it. */
export async function signals(session: Session, probe: Probe): Promise<Check[]> {
  const { client, outputs } = session;
  const bodies = bodiesOf(probe);
  const posts: Post[] = [
    { url: `${outputs.services.otlpHttp}/v1/metrics`, body: bodies.metric },
    { url: `${outputs.services.otlpHttp}/v1/traces`, body: bodies.trace },
    { url: `${outputs.services.otlpHttp}/v1/logs`, body: bodies.log },
  ];
  const [metric, trace, log] = await client.postAsService(posts);
  const answers: Record<Way["signal"], Outcome | undefined> = { metric, trace, log };
  const names = new Set(outputs.programs.map(({ name }) => name));
  const ways = WAYS.filter(({ store }) => names.has(store));
  const found = await Promise.all(ways.map((way) => follow(session, way, probe, answers[way.signal])));
  const untold = (["metric", "trace", "log"] as const).filter((signal) => !ways.some((way) => way.signal === signal));
  return [...found, ...untold.map((signal) => warning(signal, "stack", "its store is not one that is looked into"))];
}

async function follow({ client, outputs }: Session, way: Way, probe: Probe, sent: Outcome | undefined): Promise<Check> {
  const { signal, store } = way;
  if (!sent?.succeeded) {
    return failed(signal, "otel-collector", `${outputs.services.otlpHttp} did not take it: ${sent?.output ?? ""}`);
  }
  const address = await client.reach(programNamed(outputs, store));
  const end = Date.now() + WAIT_MS;
  let reason = "";
  for (;;) {
    try {
      if (await way.find(address, probe)) return ok(signal, store, "sent through otel-collector and found again");
    } catch (error) {
      reason = `; ${(error as Error).message}`;
    }
    if (Date.now() > end)
      return failed(
        signal,
        store,
        `otel-collector took it, but ${store} does not have it after ${WAIT_MS / 1_000} s${reason}`,
      );
    await sleep(POLL_MS);
  }
}

/** The three as OTLP in JSON. */
export function bodiesOf({ id, value, at }: Probe): Record<Way["signal"], unknown> {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: SERVICE } }] };
  const nanos = `${at}000000`;
  const span = {
    traceId: id,
    spanId: id.slice(0, 16),
    name: "verify",
    kind: 1,
    startTimeUnixNano: nanos,
    endTimeUnixNano: `${at + 1}000000`,
  };
  const point = { timeUnixNano: nanos, asDouble: value };
  const record = { timeUnixNano: nanos, severityText: "INFO", body: { stringValue: `verification ${id}` } };
  return {
    metric: {
      resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: METRIC, gauge: { dataPoints: [point] } }] }] }],
    },
    trace: { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] },
    log: { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] },
  };
}
